"""Rings around picked nuclei, and the camera's way to one of them."""

from __future__ import annotations

import napari.viewer
import numpy as np
from napari.layers import Labels, Points

from napari_nucleus.app.evaluate_state import Pick, Place
from napari_nucleus.gui.layers.flight import fly_to
from napari_nucleus.gui.layers.place import move, placement, read_mpp

_VIEW_UM = 40.0
_RING_UM = 14.0
_ALL, _CURRENT = "#FFFFFFB0", "#F0E442"
_MARK = "nucleus_picked"


class Flight:
    """Shows a pick in the layer ``picked`` and brings its nuclei into view."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer

    def clear(self) -> None:
        """Take the rings away."""
        layer = self._layer()
        if layer is not None:
            layer.selected_data = set()
            layer.data = np.empty((0, 2))

    def show(self, pick: Pick, like: Labels) -> None:
        """Ring the nuclei of a pick, fly to the one that is looked at, and make it the label to paint with."""
        self._ring(self._layer(), pick, like)
        self._viewer.layers.selection.active = like
        _select(like, pick.place)
        fly_to(self._viewer, like, (pick.place.y, pick.place.x), _VIEW_UM)

    def _ring(self, layer: Points | None, pick: Pick, like: Labels) -> None:
        yx = np.array([(place.y, place.x) for place in pick.places])
        colors = [_CURRENT if i == pick.at else _ALL for i in range(len(yx))]
        if layer is None:
            layer = self._viewer.add_points(yx, name="picked", metadata={_MARK: True}, **placement(like))
        elif not np.array_equal(layer.data, yx):
            layer.selected_data = set()
            layer.data = yx
        move(layer, placement(like))
        layer.face_color = "transparent"
        layer.border_width = 0.04
        layer.size = _RING_UM / read_mpp(like)[0]
        layer.border_color = colors

    def _layer(self) -> Points | None:
        return next((layer for layer in self._viewer.layers if _MARK in layer.metadata), None)


def _select(layer: Labels, place: Place) -> None:
    """Take the nucleus's label for painting; one that is free where it was missed."""
    label = place.pred or int(np.max(layer.data, initial=0)) + 1
    if label <= np.iinfo(layer.data.dtype).max:
        layer.selected_label = label
