"""The layers of one patch: its image, its truth and its nuclei; the next patch is shown in the same layers."""

from __future__ import annotations

from typing import Any

import napari.viewer
import numpy as np
from napari.layers import Image, Labels, Layer

from napari_nucleus.app.browse_state import Opened
from napari_nucleus.core import NucleusMap
from napari_nucleus.gui.layers import add_nuclei, add_result, nuclei_in
from napari_nucleus.gui.layers.data import image_data
from napari_nucleus.gui.layers.nuclei import is_touched, mark_touched, show_nuclei
from napari_nucleus.gui.layers.place import move, placement, read_mpp
from napari_nucleus.gui.layers.result import ROLES, find_layer
from napari_nucleus.io import Patch


class PatchLayers:
    """Shows patches in a viewer, one at a time; other layers are left alone.

    Layers are filled anew rather than removed and made again, which takes napari most of a second each, and how they
    look stays as the user set it.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer
        self._image: Image | None = None
        self._truth: Labels | None = None
        self._blank = True

    def show(self, opened: Opened) -> None:
        """Show a patch in place of the former one."""
        extent = self._extent()
        self._show_image(opened.patch)
        self._show_truth(opened.patch.truth)
        self.show_nuclei(opened.nuclei, opened.by_hand)
        if self._extent() != extent:
            self._viewer.reset_view()

    def show_nuclei(self, nuclei: NucleusMap | None, by_hand: bool) -> None:
        """Show the nuclei of the patch, with their graph; layers that are there are emptied where there are none.

        Parameters
        ----------
        nuclei : NucleusMap or None
        by_hand : bool
            A person has changed them: whoever segments anew must know.
        """
        if self._image is None or not self._alive(self._image):
            return
        self._blank = nuclei is None
        if nuclei is None:
            former = find_layer(self._viewer, self._image, "nuclei")
            if not isinstance(former, Labels):
                return
            nuclei = _none_like(nuclei_in(former), self._image)
        from napari_nucleus.inference.result import SegmentResult  # the package around it loads torch

        layers = add_result(self._viewer, SegmentResult(nuclei), self._image)
        if by_hand:
            mark_touched(layers["nuclei"])

    def nuclei(self) -> tuple[NucleusMap, bool] | None:
        """What the layer of nuclei shows now, and whether a person has changed it; None where there is none."""
        layer = None if self._image is None else find_layer(self._viewer, self._image, "nuclei")
        if not isinstance(layer, Labels) or (self._blank and not np.any(layer.data)):
            return None
        return nuclei_in(layer), is_touched(layer)

    def changed_truth(self) -> NucleusMap | None:
        """The truth, if a person has changed it."""
        truth = self._truth
        return nuclei_in(truth) if truth is not None and self._alive(truth) and is_touched(truth) else None

    def _show_image(self, patch: Patch) -> None:
        pixels, options, _ = image_data(patch.image)
        options["name"] = patch.name
        image = self._image
        if image is None or not self._alive(image):
            self._image = self._viewer.add_image(pixels, **options)
        elif image.multiscale or isinstance(pixels, list):
            former = [image, *(find_layer(self._viewer, image, role) for role in ROLES)]
            self._image = self._viewer.add_image(pixels, **options)
            for layer in former:  # after the new one is there: the view stays where it is
                self._remove(layer)
            self._viewer.layers.move(len(self._viewer.layers) - 1, 0)
            self._image.name = patch.name
        else:
            image.name, image.metadata = patch.name, options["metadata"]
            scale, units = options.get("scale", (1, 1)), options.get("units", ("pixel", "pixel"))
            move(image, {"scale": scale, "units": units, "translate": (0, 0)})
            image.data = pixels  # last: whoever hears of it looks at the rest

    def _show_truth(self, truth: NucleusMap | None) -> None:
        layer = self._truth
        if truth is None:
            self._remove(layer)
        elif layer is not None and self._alive(layer):
            show_nuclei(layer, truth)
            move(layer, placement(self._image))
        else:
            self._truth = add_nuclei(self._viewer, truth, name="truth", **placement(self._image))

    def _alive(self, layer: Layer) -> bool:
        return layer.unique_id in [other.unique_id for other in self._viewer.layers]

    def _remove(self, layer: Any) -> None:
        if layer is not None and self._alive(layer):
            self._viewer.layers.remove(layer)

    def _extent(self) -> tuple[tuple[float, ...], ...]:
        image = self._image
        return () if image is None else tuple(tuple(corner) for corner in image.extent.world.round(3).tolist())


def _none_like(nuclei: NucleusMap, image: Image) -> NucleusMap:
    """No nuclei, in the scheme of others and the size of an image."""
    pixels = image.data[0] if image.multiscale else image.data
    return NucleusMap.from_labels(np.zeros(pixels.shape[:2], np.int32), mpp=read_mpp(image)[0], classes=nuclei.scheme)
