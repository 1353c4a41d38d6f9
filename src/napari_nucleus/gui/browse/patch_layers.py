"""The layers of one patch: its image, its truth and its nuclei; the next patch takes their place."""

from __future__ import annotations

from typing import Any

import napari.viewer
from napari.layers import Image, Labels, Layer

from napari_nucleus.app.browse_state import Opened
from napari_nucleus.core import NucleusMap
from napari_nucleus.gui.layers import add_nuclei, add_result, nuclei_in
from napari_nucleus.gui.layers.data import image_data
from napari_nucleus.gui.layers.nuclei import is_touched, mark_touched
from napari_nucleus.gui.layers.place import placement
from napari_nucleus.gui.layers.result import find_layer

_RESULT = ("type", "HoVer V", "HoVer H", "NP", "edges", "nodes", "nuclei")
_KEPT = ("visible", "opacity", "contour")  # what the user sets once for all patches


class PatchLayers:
    """Shows patches in a viewer, one at a time; other layers are left alone."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer
        self._image: Image | None = None
        self._truth: Labels | None = None
        self._looks: dict[str, dict[str, Any]] = {"truth": {}}

    def show(self, opened: Opened) -> None:
        """Show a patch in place of the former one; how the layers look stays as the user set it."""
        former, size = self._ours(), self._extent()
        self._remember(former)
        patch = opened.patch
        pixels, options, _ = image_data(patch.image)
        self._image = self._viewer.add_image(pixels, **{**options, "name": patch.name})
        self._truth = None
        if patch.truth is not None:
            self._truth = add_nuclei(self._viewer, patch.truth, **placement(self._image))
        for layer in reversed(former.values()):  # after the new ones are there: the view stays where it is
            self._viewer.layers.remove(layer)
        if self._truth is not None:
            self._truth.name = "truth"
        self.show_nuclei(opened.nuclei, opened.by_hand)
        if self._extent() != size:
            self._viewer.reset_view()

    def show_nuclei(self, nuclei: NucleusMap | None, by_hand: bool) -> None:
        """Show the nuclei of the patch, with their graph.

        Parameters
        ----------
        nuclei : NucleusMap or None
        by_hand : bool
            A person has changed them: whoever segments anew must know.
        """
        if nuclei is not None and self._alive(self._image):
            from napari_nucleus.inference.result import SegmentResult  # the package around it loads torch

            layers = add_result(self._viewer, SegmentResult(nuclei), self._image)
            if by_hand:
                mark_touched(layers["nuclei"])
        self._dress()

    def nuclei(self) -> tuple[NucleusMap, bool] | None:
        """What the layer of nuclei shows now, and whether a person has changed it; None where there is none."""
        layer = None if self._image is None else find_layer(self._viewer, self._image, "nuclei")
        return (nuclei_in(layer), is_touched(layer)) if isinstance(layer, Labels) else None

    def changed_truth(self) -> NucleusMap | None:
        """The truth, if a person has changed it."""
        truth = self._truth
        return nuclei_in(truth) if self._alive(truth) and truth is not None and is_touched(truth) else None

    def _ours(self) -> dict[str, Layer]:
        """Layers of the patch by role, those that are still there."""
        layers: dict[str, Layer | None] = {"image": self._image, "truth": self._truth}
        if self._image is not None:
            layers |= {role: find_layer(self._viewer, self._image, role) for role in _RESULT}
        return {role: layer for role, layer in layers.items() if layer is not None and self._alive(layer)}

    def _alive(self, layer: Layer | None) -> bool:
        return layer is not None and layer.unique_id in [other.unique_id for other in self._viewer.layers]

    def _remember(self, layers: dict[str, Layer]) -> None:
        for role, layer in layers.items():
            self._looks[role] = {name: getattr(layer, name) for name in _KEPT if hasattr(layer, name)}

    def _dress(self) -> None:
        for role, layer in self._ours().items():
            for name, value in self._looks.get(role, {}).items():
                if getattr(layer, name) != value:
                    setattr(layer, name, value)

    def _extent(self) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(corner) for corner in self._viewer.layers.extent.world.round(3)) if self._image else ()
