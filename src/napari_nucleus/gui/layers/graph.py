"""The nodes of the graph of nuclei: Points at the centroids."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import napari.viewer
import numpy as np
from napari.layers import Points
from numpy.typing import NDArray

from napari_nucleus.core import NucleusMap
from napari_nucleus.gui.layers.colors import class_colors

_NODE_UM = 1.5

# So many points that are so small on the screen are drawn without smooth rims: that is three times as fast.
_MANY, _SMALL_PX = 20_000, 3.0


def add_nodes(viewer: napari.viewer.Viewer, nuclei: NucleusMap, hidden: Collection[str] = (), **options: Any) -> Points:
    """A point at each centroid, in the colour of the class; its features are ``label`` and ``class``."""
    if len(nuclei):  # all at once: napari draws 100,000 points anew for each thing that is set later
        options |= {"face_color": _colors(nuclei), "shown": _visible(nuclei.table["class"], hidden)}
    layer = viewer.add_points(
        _centroids(nuclei),
        ndim=2,
        size=_NODE_UM / nuclei.mpp,
        border_width=0,
        features=_features(nuclei),
        antialiasing=0 if len(nuclei) > _MANY else 1,
        **options,
    )
    _smooth_where_large(viewer, layer)
    return layer


def show_nodes(layer: Points, nuclei: NucleusMap, hidden: Collection[str] = ()) -> None:
    """Replace the points of a layer of `add_nodes`."""
    layer.selected_data = set()
    layer.data = _centroids(nuclei)
    layer.features = _features(nuclei)
    if len(nuclei):
        color_nodes(layer, _colors(nuclei))
    hide_nodes(layer, hidden)


def hide_nodes(layer: Points, hidden: Collection[str]) -> None:
    """Switch classes off in a layer of `add_nodes`, and the others on."""
    visible = _visible(layer.features["class"], hidden)
    if not np.array_equal(layer.shown, visible):
        layer.shown = visible


def color_nodes(layer: Points, colors: NDArray[np.float32]) -> None:
    """Give each node of a layer its colour, (N, 4) in 0..1."""
    with layer.events.face_color.blocker():  # the colours tell of their change themselves: it would be drawn twice
        layer.face_color = colors


def _smooth_where_large(viewer: napari.viewer.Viewer, layer: Points) -> None:
    camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it

    def look(_event: Any = None) -> None:
        size = _NODE_UM * camera.zoom
        rough = len(layer.data) > _MANY and size < _SMALL_PX
        if layer.antialiasing != (wanted := 0 if rough else 1):
            layer.antialiasing = wanted

    def let_go(event: Any) -> None:
        if event.value is layer:
            camera.events.zoom.disconnect(look)
            viewer.layers.events.removed.disconnect(let_go)

    camera.events.zoom.connect(look)
    viewer.layers.events.removed.connect(let_go)
    look()


def _centroids(nuclei: NucleusMap) -> NDArray[np.float64]:
    return nuclei.table[["y_px", "x_px"]].to_numpy(np.float64)


def _features(nuclei: NucleusMap) -> Any:
    return nuclei.table[["label", "class"]].reset_index(drop=True)


def _colors(nuclei: NucleusMap) -> NDArray[np.float32]:
    return class_colors(nuclei.scheme)[nuclei.class_numbers]


def _visible(classes: Any, hidden: Collection[str]) -> NDArray[np.bool_]:
    visible: NDArray[np.bool_] = ~classes.isin(list(hidden)).to_numpy()
    return visible
