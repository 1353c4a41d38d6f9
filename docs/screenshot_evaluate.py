"""Remakes the panel's picture in `evaluate.md`: `python docs/screenshot_evaluate.py`; needs a screen, Xvfb will do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import napari
from qtpy.QtWidgets import QApplication

from napari_nucleus import segment
from napari_nucleus.gui.evaluate import EvaluatePanel
from napari_nucleus.gui.layers import add_nuclei
from napari_nucleus.io.samples import consep_tile

IMAGE = Path(__file__).parent / "images" / "evaluate.jpg"
_VIEW_UM = 75


def main() -> None:
    """Compare the default model's nuclei with the sample tile's truth, go to a cell, and take the window's picture."""
    tile, truth = consep_tile()
    found = segment(tile).nuclei
    viewer = napari.Viewer(title="napari-nucleus")
    viewer.window.resize(1400, 860)
    scale = {"scale": (found.mpp, found.mpp), "units": ("um", "um")}
    viewer.add_image(tile.array, name="CoNSeP tile", rgb=True, metadata={"mpp": tile.mpp}, **scale)
    add_nuclei(viewer, truth, name="truth", visible=False)
    add_nuclei(viewer, found, name="nuclei")
    panel = EvaluatePanel(viewer)
    viewer.window.add_dock_widget(panel, name="Evaluate")
    panel.compare()
    _until(lambda: panel.state.shown is not None)
    panel.controller.pick("epithelial", "inflammatory")
    panel.controller.step(3)
    camera = getattr(viewer, "scene", viewer).camera
    camera.zoom *= 40 / _VIEW_UM
    _until(lambda: False, seconds=4)
    IMAGE.parent.mkdir(exist_ok=True)
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    cv2.imwrite(str(IMAGE), pixels[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
    viewer.close()


def _until(done: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
