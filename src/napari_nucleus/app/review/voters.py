"""Who votes on relabelled cells beside the teacher: a model that segments, the graph, and words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusError, NucleusMap

Ballot = tuple[NDArray[np.object_], NDArray[np.float64]]
"""Names (N,), empty where there is no vote, and how sure (N,)."""

Voter = Callable[[Image, NucleusMap, Sequence[str]], Ballot]
"""Votes on the nuclei of an image; last, the classes that are to be chosen from."""


def voters(student: str = "default", text: str = "nucleus_clip", graph: str = "default") -> dict[str, Voter]:
    """Those that are named; an empty name leaves one out.

    Parameters
    ----------
    student : str
        A model of the list, such as one that was distilled or trained on the refined data set.
    text : str
        A CLIP, as in `napari_nucleus.graph.text_encoder`.
    graph : str
        A graph classifier, as in `napari_nucleus.graph.list_graphs`; it reads the features of the default model.
        ``"default"`` votes only where there is one.
    """
    from napari_nucleus.graph import list_graphs

    if graph == "default" and not list_graphs():
        graph = ""
    known: dict[str, tuple[str, Callable[..., Ballot]]] = {
        "student": (student, _by_model),
        "text": (text, _by_text),
        "graph": (graph, _by_graph),
    }
    return {name: partial(vote, of) for name, (of, vote) in known.items() if of}


def _by_model(model: str, image: Image, nuclei: NucleusMap, choices: Sequence[str]) -> Ballot:
    """The mean over each nucleus of what a model says of its pixels."""
    from napari_nucleus.inference import segment
    from napari_nucleus.models import load_segmenter

    names = load_segmenter(model).card.scheme.classes
    if not set(names) & set(choices):
        return _nobody(nuclei)
    maps = segment(image, model, mpp=nuclei.mpp).maps
    if maps is None or maps.type_prob is None:
        raise NucleusError(f"Expected a model that tells classes apart, on an image that fits into memory: {model}.")
    seen = NucleusMap.from_labels(nuclei.labels, classes=load_segmenter(model).card.scheme, type_prob=maps.type_prob)
    table = seen.table.set_index("label").loc[nuclei.table["label"]]
    return _most(names, table[[f"p_{name}" for name in names]].to_numpy(np.float64))


def _by_graph(classifier: str, image: Image, nuclei: NucleusMap, choices: Sequence[str]) -> Ballot:
    """The graph classifier's answer."""
    from napari_nucleus.graph import load_graph
    from napari_nucleus.inference.graph_nodes import classify_nodes

    names = load_graph(classifier).card.scheme.classes
    if not set(names) & set(choices):
        return _nobody(nuclei)
    answer = classify_nodes(nuclei, image, classifier=classifier)
    return _most(names, answer.probabilities.loc[nuclei.table["label"]].to_numpy(np.float64))


def _by_text(clip: str, image: Image, nuclei: NucleusMap, choices: Sequence[str]) -> Ballot:
    """The name among the choices that a CLIP finds most like the nucleus."""
    from napari_nucleus.graph import image_embeddings, text_encoder, zero_shot

    found = zero_shot(choices, image_embeddings(image, nuclei, clip), text_encoder(clip))
    return _most(choices, np.asarray(found, np.float64))


def _most(names: Sequence[str], probabilities: NDArray[np.float64]) -> Ballot:
    total = np.maximum(probabilities.sum(1), 1e-12)
    return np.array(names, object)[probabilities.argmax(1)], probabilities.max(1) / total


def _nobody(nuclei: NucleusMap) -> Ballot:
    """Whoever knows none of the classes has no vote."""
    return np.full(len(nuclei), "", object), np.full(len(nuclei), np.nan)
