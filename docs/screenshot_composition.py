"""Remakes the picture of `composition.md`: `python docs/screenshot_composition.py`; needs a screen, Xvfb will do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_nucleus.gui.composition import CompositionPanel
from napari_nucleus.gui.layers import add_nuclei
from napari_nucleus.gui.layers.data import image_data
from napari_nucleus.io.samples import consep_tile

IMAGE = Path(__file__).parent / "images" / "composition.jpg"

# Drawn by eye, in µm: y, x.
_REGIONS = {
    "gland 1": ("ellipse", [(3, 6), (3, 98), (64, 98), (64, 6)]),
    "gland 2": ("ellipse", [(24, 118), (24, 246), (88, 246), (88, 118)]),
    "inflamed stroma": ("polygon", [(174, 58), (180, 135), (212, 150), (236, 138), (232, 66), (205, 50)]),
}


def main() -> None:
    """Open the sample tile with its annotated nuclei and three regions, and take the window's picture."""
    image, truth = consep_tile()
    viewer = napari.Viewer(title="napari-nucleus")
    viewer.window.resize(1400, 860)
    pixels, options, _ = image_data(image)
    viewer.add_image(pixels, **options)
    add_nuclei(viewer, truth, name="nuclei")
    viewer.add_shapes(
        [np.array(outline) for _, outline in _REGIONS.values()],
        shape_type=[kind for kind, _ in _REGIONS.values()],
        name="regions",
        features={"name": list(_REGIONS)},
        text={"string": "{name}", "size": 12, "color": "black"},
        units=("um", "um"),
        face_color="transparent",
        edge_color="black",
        edge_width=1.5,
        opacity=1,
    )
    panel = CompositionPanel(viewer)
    viewer.window.add_dock_widget(panel, name="Composition")
    _until(lambda: panel.state.shown is not None)
    _until(lambda: False, seconds=1)  # the window makes room for the panel
    viewer.reset_view()
    _until(lambda: False, seconds=2)
    IMAGE.parent.mkdir(exist_ok=True)
    picture = viewer.screenshot(canvas_only=False, flash=False)
    cv2.imwrite(str(IMAGE), picture[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 72])
    viewer.close()


def _until(done: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
