"""What a network makes of a held-out image while it learns, as layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import napari.viewer
import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray

_MARK = "nucleus_preview"
_GAP = 0.05
_OUTLINE_PX = 2


def is_preview(layer: Layer) -> bool:
    """Whether a layer shows what a network makes of a held-out image."""
    return _MARK in layer.metadata


class PreviewLayers:
    """Image, NP map, prediction and truth of a held-out tile, to the right of everything else."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer

    def show(self, maps: Mapping[str, NDArray[Any]]) -> None:
        """Add the layers, or fill them anew; other runs' tiles may have another size."""
        image = maps.get("image")
        if image is None:
            return
        if any(layer.data.shape[:2] != image.shape[:2] for layer in self._layers().values()):
            self.clear()
        active = self._viewer.layers.selection.active
        place = None if self._layers() else self._place()
        self._image("image", image, place, rgb=True)
        if "np" in maps:
            options = {"colormap": "magma", "contrast_limits": (0, 1), "visible": False}
            self._image("np", np.asarray(maps["np"], np.float32), place, **options)
        for key in ("truth", "labels"):
            if key in maps:
                self._labels(key, maps[key], place, visible=key == "labels")
        if place is not None:
            self._viewer.layers.selection.active = active
            self._viewer.reset_view()  # it was asked for, and lies beside what was in view

    def clear(self) -> None:
        """Take the layers away."""
        for layer in self._layers().values():
            self._viewer.layers.remove(layer)

    def _layers(self) -> dict[str, Layer]:
        return {layer.metadata[_MARK]: layer for layer in self._viewer.layers if is_preview(layer)}

    def _image(self, key: str, data: NDArray[Any], place: dict[str, Any] | None, **options: Any) -> None:
        layer = self._layers().get(key)
        if layer is None:
            self._viewer.add_image(data, **self._options(key, place), **options)
        else:
            layer.data = data

    def _labels(self, key: str, data: NDArray[Any], place: dict[str, Any] | None, visible: bool) -> None:
        layer = self._layers().get(key)
        if layer is None:
            added = self._viewer.add_labels(data, **self._options(key, place), visible=visible)
            added.contour = _OUTLINE_PX
            added.editable = False
        else:
            layer.data = data

    def _options(self, key: str, place: dict[str, Any] | None) -> dict[str, Any]:
        titles = {"image": "held-out tile", "np": "its NP map", "labels": "its nuclei", "truth": "its truth"}
        first = next(iter(self._layers().values()), None)
        if place is None and first is not None:
            place = {"scale": first.scale, "translate": first.translate, "units": first.units}
        return {"name": titles[key], "metadata": {_MARK: key}, **(place or {})}

    def _place(self) -> dict[str, Any]:
        """Beside the other layers, in their units; pixels of the size of the active image's."""
        layers = [layer for layer in self._viewer.layers if layer.ndim >= 2]
        if not layers:
            return {}
        corner = np.asarray(self._viewer.layers.extent.world)[:, -2:]
        right = corner[1, 1] + _GAP * (corner[1, 1] - corner[0, 1])
        like = layers[0]
        return {"scale": like.scale[-2:], "units": like.units[-2:], "translate": (corner[0, 0], right)}
