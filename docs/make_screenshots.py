"""Remakes the pictures of the documentation: `python docs/make_screenshots.py`; needs a screen, Xvfb will do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import napari
from qtpy.QtWidgets import QApplication

from napari_nucleus.gui.layers import add_nuclei
from napari_nucleus.gui.segment import SegmentPanel
from napari_nucleus.io.samples import consep_tile

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    """Segment the sample tile in a window, as a user does, and take the window's picture."""
    tile, truth = consep_tile()
    viewer = napari.Viewer(title="napari-nucleus")
    viewer.window.resize(1400, 860)
    viewer.add_image(tile.array, name="CoNSeP tile", rgb=True, metadata={"mpp": tile.mpp})
    panel = SegmentPanel(viewer)
    viewer.window.add_dock_widget(panel, name="Segment nuclei")
    _until(lambda: bool(panel.state.models))
    panel.run()
    _until(lambda: not panel.state.running)
    add_nuclei(viewer, truth, name="truth", visible=False)
    viewer.layers.move(len(viewer.layers) - 1, 1)
    viewer.layers.selection.active = viewer.layers["nuclei"]
    viewer.reset_view()
    getattr(viewer, "scene", viewer).camera.zoom *= 1.6
    _until(lambda: False, seconds=1)
    _save(viewer, "workbench.jpg")
    viewer.close()


def _until(done: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def _save(viewer: napari.Viewer, name: str) -> None:
    IMAGES.mkdir(exist_ok=True)
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    cv2.imwrite(str(IMAGES / name), pixels[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])


if __name__ == "__main__":
    main()
