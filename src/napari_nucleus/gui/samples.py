"""Sample data of the manifest."""

from __future__ import annotations

from napari_nucleus.gui.layers.data import LayerData, image_data, nuclei_data
from napari_nucleus.io import samples


def consep_tile() -> list[LayerData]:
    """A test tile of CoNSeP with its annotated nuclei."""
    image, truth = samples.consep_tile()
    return [image_data(image), nuclei_data(truth, "truth")]


def slide_region() -> list[LayerData]:
    """A region of the slide CMU-1."""
    return [image_data(samples.slide_region())]
