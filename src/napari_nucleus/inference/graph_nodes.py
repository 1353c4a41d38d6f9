"""Nuclei read in their neighbourhood: features of the dense network, positions and descriptions, then the graph."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusError, NucleusMap, Progress, drain
from napari_nucleus.graph import (
    GraphAnswer,
    NucleusGraph,
    build_graph,
    describe,
    image_embeddings,
    morphology,
    text_encoder,
)
from napari_nucleus.graph.answer import votes
from napari_nucleus.graph.library import LoadedGraph, load_graph
from napari_nucleus.graph.nodes import PARTS, Nodes
from napari_nucleus.graph.opinions import log_vote, name_likeness
from napari_nucleus.graph.surroundings import beside_surroundings
from napari_nucleus.graph.tissue import tissue_features
from napari_nucleus.inference.device import resolve_device
from napari_nucleus.inference.features import feature_steps
from napari_nucleus.io import as_rgb
from napari_nucleus.models import LoadedModel, load_segmenter


def classify_nodes(
    nuclei: NucleusMap,
    image: Any,
    graph: NucleusGraph | None = None,
    *,
    model: str = "default",
    classifier: str = "default",
    parts: Sequence[str] = PARTS,
    device: str = "auto",
    crops: NDArray[np.float32] | None = None,
) -> GraphAnswer:
    """Classes of nuclei from their looks, their place, their description, and the same of their neighbours.

    Parameters
    ----------
    nuclei : NucleusMap
        Of any origin. Those that a network found bring the vote of its pixels (``p_<class>``); without, the graph
        and the words decide alone.
    image : Image or array
        That they lie in.
    graph : NucleusGraph, optional
        Of `build_graph`; by default as the classifier was trained.
    model : str
        The dense network whose features are read.
    classifier : str
        One of `list_graphs`, made for that model.
    parts : sequence of str
        Of `napari_nucleus.graph.nodes.PARTS`: what is read.
    device : str
        ``"auto"`` or one of `list_devices`.
    crops : (N, D) float32, optional
        `image_embeddings` of these nuclei by the classifier's encoder, where they are there already.

    Returns
    -------
    GraphAnswer

    Raises
    ------
    NucleusError
        There is no graph classifier for the model, a part is none, or image and nuclei don't fit together.

    Notes
    -----
    Guan et al. 2025, "Graph neural network classifier".
    """
    _check_parts(parts)
    loaded = load_graph(classifier, model)
    place = resolve_device(device)
    image = image if isinstance(image, Image) else Image((as_rgb(image),))
    return drain(answer_steps(image, nuclei, load_segmenter(model), loaded, place, graph, parts, crops))


def answer_steps(
    image: Image,
    nuclei: NucleusMap,
    model: LoadedModel,
    loaded: LoadedGraph,
    device: str = "cpu",
    graph: NucleusGraph | None = None,
    parts: Sequence[str] = PARTS,
    crops: NDArray[np.float32] | None = None,
) -> Generator[Progress, None, GraphAnswer]:
    """As `classify_nodes`, of a model and a classifier that are loaded; a `Progress` after each batch of tiles."""
    visual = yield from feature_steps(image, nuclei, [model], device)
    return answer(nuclei, image, visual, loaded, graph, parts, device, crops)


def answer(
    nuclei: NucleusMap,
    image: Image,
    visual: NDArray[np.float32],
    loaded: LoadedGraph,
    graph: NucleusGraph | None = None,
    parts: Sequence[str] = PARTS,
    device: str = "cpu",
    crops: NDArray[np.float32] | None = None,
) -> GraphAnswer:
    """As `classify_nodes`, from visual features (N, V) that are there already."""
    notes: tuple[str, ...] = ()
    scheme, network, fed = loaded.card.scheme, loaded.network.to(device), loaded.fed
    graph = build_graph(nuclei, fed["method"], fed["k"]) if graph is None else graph
    parts = [part for part in parts if part in network.parts]
    measured = morphology(nuclei, image) if {"text", "tissue"} & set(parts) else None
    text = likeness = tissue = np.zeros((len(nuclei), 0), np.float32)
    if measured is not None and "text" in parts:
        try:
            text = text_encoder(fed["encoder"]).encode(describe(measured, fed["style"], position=fed["position"]))
            if network.weights.likeness:
                crops = image_embeddings(image, nuclei, fed["encoder"]) if crops is None else crops
                likeness = name_likeness(crops, scheme, fed["encoder"])
        except NucleusError as error:
            parts = [part for part in parts if part != "text"]
            notes = (f"Without descriptions: {error}",)
    if "tissue" in parts:
        tissue = tissue_features(nuclei, image, measured)
    centroids = nuclei.table[["y_um", "x_um"]].to_numpy(np.float64)
    vote = votes(nuclei, scheme)
    nodes = Nodes(
        beside_surroundings(visual, centroids, fed["surroundings_um"]),
        text,
        centroids,
        graph.rows(nuclei.table["label"]),
        np.zeros(len(nuclei), np.int64),
        log_vote(vote.to_numpy(np.float32)),
        likeness,
        tissue,
    )
    found = pd.DataFrame(
        network.probabilities(nodes, parts), index=pd.Index(nuclei.table["label"]), columns=list(scheme.classes)
    )
    return GraphAnswer(found, vote, scheme, nodes, network, tuple(parts), notes)


def _check_parts(parts: Sequence[str]) -> None:
    odd = [part for part in parts if part not in PARTS]
    if odd or not parts:
        raise NucleusError(f"Expected parts out of {', '.join(PARTS)}, got {odd or 'none'}. Choose one or more.")
