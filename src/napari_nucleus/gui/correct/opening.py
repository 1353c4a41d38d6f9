"""From the viewer's layers to a project, and from a project's image to a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import napari.viewer
import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from numpy.typing import NDArray

from napari_nucleus.app.correct import Workbench
from napari_nucleus.core import Image, NucleusError, NucleusMap
from napari_nucleus.gui.correct.class_layer import is_class_layer
from napari_nucleus.gui.layers import nuclei_in
from napari_nucleus.gui.layers.data import image_data
from napari_nucleus.gui.layers.place import calibrate, placement, read_mpp
from napari_nucleus.gui.layers.result import is_ours
from napari_nucleus.io import as_rgb

_MARK = "nucleus_project_image"


def nuclei_layers(viewer: napari.viewer.Viewer) -> tuple[ImageLayer, Labels]:
    """The image and the nuclei to begin with: the selected layers where they are such, else the topmost.

    Raises
    ------
    NucleusError
        One of them is missing.
    """
    selected = viewer.layers.selection
    topmost = list(viewer.layers)[::-1]
    layers = [layer for layer in topmost if layer in selected] + topmost
    labels = [layer for layer in layers if isinstance(layer, Labels) and "classes" in layer.metadata]
    labels = [layer for layer in labels if not is_class_layer(layer)]
    images = [layer for layer in layers if isinstance(layer, ImageLayer) and not is_ours(layer)]
    if not labels or not images:
        raise NucleusError("Expected an image and its nuclei as layers, got none. Segment an image first.")
    return images[0], labels[0]


def layers_for(image: ImageLayer, labels: Labels) -> tuple[str, NDArray[np.uint8] | Path, NucleusMap]:
    """Name, pixels or file, and nuclei of two layers.

    Raises
    ------
    NucleusError
        They are no image and nuclei of one plane.
    """
    nuclei = nuclei_in(labels)
    path = image.metadata.get("path")
    if path and Path(path).is_file():
        return image.name, Path(path), nuclei
    pixels = image.data[0] if image.multiscale else image.data
    return image.name, as_rgb(np.asarray(pixels)), nuclei


class ProjectImage:
    """The layer of the project's image: made when there is none, taken when the user has it open."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer
        self._known: dict[int, ImageLayer] = {}

    def use(self, number: int, layer: ImageLayer, mpp: float) -> None:
        """Take a layer that shows an image of the project already; one without a physical scale gets it now."""
        calibrate(self._viewer, layer, mpp, read_mpp(layer)[1])
        self._known[number] = layer

    def show(self, bench: Workbench, image: Image | None) -> dict[str, Any]:
        """Show an image; returns where the layer of its nuclei is to lie."""
        number = bench.image
        layer = self._known.get(number)
        if layer is not None and layer in self._viewer.layers:
            return placement(layer)
        if image is not None:
            data, options, _ = image_data(image)
            options["metadata"][_MARK] = number
            layer = self._viewer.add_image(data, **options)
            self._known[number] = layer
        mpp = bench.project.image(number).mpp
        return {"scale": (mpp, mpp), "units": ("um", "um")}

    def tidy(self, number: int) -> None:
        """Take away the layers of other images that we have opened, once this one is shown.

        Where it can't be, they are only hidden: on some drivers napari 0.9 ends where labels are left without an image.
        """
        others = [layer for layer in self._viewer.layers if layer.metadata.get(_MARK, number) != number]
        for layer in others:
            layer.visible = False
        if self._known.get(number) in self._viewer.layers:
            for layer in others:
                self._viewer.layers.remove(layer)
