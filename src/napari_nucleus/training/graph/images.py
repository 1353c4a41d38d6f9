"""Annotated images as nodes: the nuclei that a dense network finds, what it sees in them, and their true classes."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import SCHEMES, ClassScheme, NucleusMap, Progress
from napari_nucleus.graph import build_graph, describe, image_embeddings, morphology, text_encoder
from napari_nucleus.graph.answer import votes
from napari_nucleus.graph.nodes import Nodes
from napari_nucleus.graph.opinions import log_vote, name_likeness
from napari_nucleus.graph.surroundings import beside_surroundings
from napari_nucleus.metrics.pairing import pair_centroids
from napari_nucleus.models import load_segmenter
from napari_nucleus.training.data.credit import Credit
from napari_nucleus.training.data.image import TrainingImage
from napari_nucleus.training.data.source import Source
from napari_nucleus.training.graph.looks import Look, Looker
from napari_nucleus.training.graph.recipe import GraphRecipe
from napari_nucleus.training.losses.unknown import UNKNOWN
from napari_nucleus.training.recipe import Recipe

RADIUS_UM = 3.0  # 12 pixels at 40×, as nuclei are scored


@dataclass(frozen=True, slots=True, eq=False)
class NodeImage:
    """One annotated image as nodes.

    Attributes
    ----------
    name : str
    found, truth : NucleusMap
        The nuclei that the dense network found, with its classes, and the annotated ones.
    classes : (N,) int64
        True class of each found nucleus, 0 where none is near.
    nodes : Nodes
        The found nuclei in the image as it is, none of them known. Crops are likened to the names of classes in images
        that are scored alone: training doesn't ask.
    visual : (views, N, V) float32
        What the network sees in them, beside their surroundings; the first view is the image as it is.
    tissue : (measures, N, S) float32
        What is measured, likewise; S is 0 where it isn't read.
    """

    name: str
    found: NucleusMap
    truth: NucleusMap
    classes: NDArray[np.int64]
    nodes: Nodes
    visual: NDArray[np.float32]
    tissue: NDArray[np.float32]

    def seen(self, view: int, measure: int) -> Nodes:
        """The nodes in one view, as measured in another; both counted round."""
        visual, tissue = self.visual[view % len(self.visual)], self.tissue[measure % len(self.tissue)]
        return replace(self.nodes, visual=visual, tissue=tissue)


@dataclass(frozen=True, slots=True, eq=False)
class NodeImages:
    """The images of a recipe, as nodes.

    Attributes
    ----------
    training, held_out : list of NodeImage
        Training images come with the nuclei that were found, and again with those that were annotated.
    scheme : ClassScheme
    mpp : float
    credits : list of dict
        Of each source.
    """

    training: list[NodeImage]
    held_out: list[NodeImage]
    scheme: ClassScheme
    mpp: float
    credits: list[Credit]


def open_nodes(
    recipe: GraphRecipe, data: str | Path, looks: Path, device: str = "cpu"
) -> Generator[Progress, None, NodeImages]:
    """Find the nuclei of a recipe's images and what the dense network sees in them.

    Parameters
    ----------
    recipe : GraphRecipe
    data : path
        That holds the sources' folders.
    looks : Path
        Folder in which that is kept, so that it is done once.
    device : str
        Of torch.

    Yields
    ------
    Progress
        An image.

    Raises
    ------
    NucleusError
        The model has no weights, a folder is missing, or a file is broken.
    """
    model = load_segmenter(recipe.model)
    look, card = Looker(recipe, model, looks, device), model.card
    sources = _sources(recipe, Path(data), card.architecture, card.scheme, card.mpp)
    total = sum((1 + recipe.annotated) * len(source.training) + len(source.held_out) for source in sources)
    sides: tuple[list[NodeImage], list[NodeImage]] = ([], [])
    for source in sources:
        for side, positions in zip(sides, (source.training, source.held_out), strict=True):
            varied = side is sides[0]
            for position in positions:
                yield Progress(sum(map(len, sides)), total, f"looking at the nuclei of {source.name}")
                image = source.read(position)
                truth, name = _truth(image, card.mpp, card.scheme), f"{source.name}-{image.name}"
                seen = look(name, image.image, varied=varied)
                side.append(_node_image(recipe, image, truth, seen, scored=not varied))
                if recipe.annotated and varied:
                    seen = look(f"{name}-annotated", image.image, truth, varied=True)
                    side.append(_node_image(recipe, image, truth, seen, scored=False))
        source.check()
    return NodeImages(*sides, card.scheme, card.mpp, [source.credit for source in sources])


def _sources(recipe: GraphRecipe, data: Path, model: str, scheme: ClassScheme, mpp: float) -> list[Source]:
    classes = scheme.name if SCHEMES.get(scheme.name) == scheme else scheme.classes
    known = Recipe(name=recipe.name, model=model, classes=classes, mpp=mpp, sources=recipe.sources)
    return [Source(number, data, known) for number in range(len(recipe.sources))]


def _truth(image: TrainingImage, mpp: float, scheme: ClassScheme) -> NucleusMap:
    types = None if image.types is None else np.where(image.types == UNKNOWN, 0, image.types)
    return NucleusMap.from_labels(image.labels, mpp=mpp, classes=scheme, type_map=types)


def _node_image(recipe: GraphRecipe, image: TrainingImage, truth: NucleusMap, look: Look, *, scored: bool) -> NodeImage:
    found, text, likeness = look.nuclei, *[np.zeros((len(look.nuclei), 0), np.float32)] * 2
    if "text" in recipe.parts:
        told = describe(morphology(found, image.image), recipe.style, position=recipe.places_told)
        text = text_encoder(recipe.encoder).encode(told)
        if scored:
            likeness = name_likeness(image_embeddings(image.image, found, recipe.encoder), found.scheme, recipe.encoder)
    edges = build_graph(found, recipe.method, recipe.k).rows(found.table["label"])
    centroids = found.table[["y_um", "x_um"]].to_numpy(np.float64)
    visual = np.stack([beside_surroundings(view, centroids, recipe.surroundings_um) for view in look.visual])
    tissue = look.tissue if "tissue" in recipe.parts else look.tissue[..., :0]
    vote = log_vote(votes(found, found.scheme).to_numpy(np.float32))
    known = np.zeros(len(found), np.int64)
    nodes = Nodes(visual[0], text, centroids, edges, known, vote, likeness, tissue[0])
    classes = found.class_numbers if found is truth else _true_classes(found, truth)
    return NodeImage(image.name, found, truth, classes, nodes, visual, tissue)


def _true_classes(found: NucleusMap, truth: NucleusMap) -> NDArray[np.int64]:
    """The class of the annotated nucleus that each found one is paired with, 0 without one."""
    true_um, found_um = (one.table[["y_um", "x_um"]].to_numpy(np.float64) for one in (truth, found))
    true_row, found_row = pair_centroids(true_um, found_um, RADIUS_UM)
    classes = np.zeros(len(found), np.int64)
    classes[found_row] = truth.class_numbers[true_row]
    return classes
