"""The graph of nuclei: Points at the centroids and Vectors between neighbours."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import napari.viewer
import numpy as np
from napari.layers import Points, Vectors
from numpy.typing import NDArray

from napari_nucleus.core import NucleusMap
from napari_nucleus.graph import NucleusGraph
from napari_nucleus.gui.layers.colors import class_colors

_NODE_UM, _EDGE_UM = 1.5, 0.25
_EDGE_COLOR = "#202020"


def add_nodes(viewer: napari.viewer.Viewer, nuclei: NucleusMap, hidden: Collection[str] = (), **options: Any) -> Points:
    """A point at each centroid, in the colour of the class; its features are ``label`` and ``class``."""
    layer = viewer.add_points(
        _centroids(nuclei), ndim=2, size=_NODE_UM / nuclei.mpp, border_width=0, face_color="white", **options
    )
    show_nodes(layer, nuclei, hidden)
    return layer


def show_nodes(layer: Points, nuclei: NucleusMap, hidden: Collection[str] = ()) -> None:
    """Replace the points of a layer of `add_nodes`."""
    layer.selected_data = set()
    layer.data = _centroids(nuclei)
    layer.features = nuclei.table[["label", "class"]].reset_index(drop=True)
    if len(nuclei):
        layer.face_color = class_colors(nuclei.scheme)[nuclei.class_numbers]
        layer.shown = ~nuclei.table["class"].isin(list(hidden)).to_numpy()


def add_edges(
    viewer: napari.viewer.Viewer,
    nuclei: NucleusMap,
    graph: NucleusGraph,
    hidden: Collection[str] = (),
    **options: Any,
) -> Vectors:
    """A thin line for each edge."""
    return viewer.add_vectors(
        _lines(nuclei, graph, hidden),
        ndim=2,
        edge_width=_EDGE_UM / nuclei.mpp,
        edge_color=_EDGE_COLOR,
        vector_style="line",
        opacity=0.6,
        **options,
    )


def show_edges(layer: Vectors, nuclei: NucleusMap, graph: NucleusGraph, hidden: Collection[str] = ()) -> None:
    """Replace the lines of a layer of `add_edges`."""
    layer.data = _lines(nuclei, graph, hidden)


def _centroids(nuclei: NucleusMap) -> NDArray[np.float64]:
    return nuclei.table[["y_px", "x_px"]].to_numpy(np.float64)


def _lines(nuclei: NucleusMap, graph: NucleusGraph, hidden: Collection[str]) -> NDArray[np.float64]:
    """Start and direction of the edges between visible nuclei, (E, 2, 2)."""
    row = np.zeros(int(nuclei.labels.max(initial=0)) + 1, np.int64)
    row[nuclei.table["label"]] = np.arange(len(nuclei))
    ends = row[graph.edges]
    visible = ~nuclei.table["class"].isin(list(hidden)).to_numpy()
    ends = ends[:, visible[ends].all(0)]
    start, stop = _centroids(nuclei)[ends]
    return np.stack([start, stop - start], axis=1)
