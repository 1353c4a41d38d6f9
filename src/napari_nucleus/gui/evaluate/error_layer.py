"""What was found, missed and invented, as a layer; a correction draws only its surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import napari.viewer
import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import CyclicLabelColormap
from numpy.typing import NDArray

from napari_nucleus.app.error_map import Box, Outcome
from napari_nucleus.gui.layers.place import move, placement

TITLES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.FOUND: "found",
        Outcome.WRONG_CLASS: "wrong class",
        Outcome.MISSED: "missed",
        Outcome.EXTRA: "extra",
    }
)

# Okabe and Ito (2008): told apart with every common colour blindness, and seen on pink and violet.
COLORS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.FOUND: "#009E73",
        Outcome.WRONG_CLASS: "#56B4E9",
        Outcome.MISSED: "#F0E442",
        Outcome.EXTRA: "#D55E00",
    }
)

_OUTLINE_PX = 2
_MARK = "nucleus_errors"


def is_error_layer(layer: Any) -> bool:
    """Whether a layer is one of `ErrorLayer`."""
    return _MARK in layer.metadata


class ErrorLayer:
    """The layer ``errors``: outlines by outcome; made when there is none, filled anew when there is."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer

    def show(self, picture: NDArray[np.int32], like: Labels) -> None:
        """Show a picture where another layer lies."""
        layer = self._layer()
        if layer is None:
            layer = self._viewer.add_labels(
                picture.copy(),
                name="errors",
                colormap=_colormap(),
                opacity=1.0,
                metadata={_MARK: True},
                **placement(like),
            )
            layer.contour = _OUTLINE_PX
        else:
            layer.data = picture.copy()
            move(layer, placement(like))
        self._viewer.layers.selection.active = like

    def update(self, picture: NDArray[np.int32], box: Box) -> None:
        """Draw a box of the picture anew."""
        layer = self._layer()
        if layer is None or layer.data.shape != picture.shape:
            return
        y, x = np.nonzero(layer.data[box] != picture[box])
        y, x = y + box[0].start, x + box[1].start
        layer.data_setitem((y, x), picture[y, x])

    def _layer(self) -> Labels | None:
        return next((layer for layer in self._viewer.layers if is_error_layer(layer)), None)


def _colormap() -> CyclicLabelColormap:
    """Outcomes by turns, as `outcome_of` counts them."""
    return CyclicLabelColormap(colors=["transparent", *(COLORS[kind] for kind in Outcome)])
