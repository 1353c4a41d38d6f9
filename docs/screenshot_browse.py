"""Remakes the picture of `browse.md`: `python docs/screenshot_browse.py`; needs a screen, Xvfb will do."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_nucleus.gui.browse import BrowsePanel
from napari_nucleus.io.samples import consep_tile

IMAGE = Path(__file__).parent / "images" / "browse.jpg"
_SIDE = 250


def main() -> None:
    """Open the sample tile as a folder of 16 patches, segment nine of them, and take the window's picture."""
    with tempfile.TemporaryDirectory() as folder:
        patches = Path(folder) / "consep"
        _cut(patches)
        viewer = napari.Viewer(title="napari-nucleus")
        viewer.window.resize(1400, 860)
        panel = BrowsePanel(viewer)
        viewer.window.add_dock_widget(panel, name="Browse patches")
        _until(lambda: panel.queue_bar.model.count() > 0)
        panel.open(patches)
        panel.folder_bar.path.setText("consep")
        panel.segment(tuple(range(9)))
        _until(lambda: not panel.state.running)
        panel.controller.select(1)
        _until(lambda: "patch_02" in viewer.layers and "nuclei" in viewer.layers)
        viewer.layers["truth"].visible = viewer.layers["edges"].visible = viewer.layers["nodes"].visible = False
        viewer.reset_view()
        _until(lambda: False, seconds=2)
        IMAGE.parent.mkdir(exist_ok=True)
        pixels = viewer.screenshot(canvas_only=False, flash=False)
        cv2.imwrite(str(IMAGE), pixels[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
        viewer.close()


def _cut(folder: Path) -> None:
    tile, truth = consep_tile()
    folder.mkdir()
    kinds = truth.type_map()
    for i in range(16):
        y, x = i // 4 * _SIDE, i % 4 * _SIDE
        window = slice(y, y + _SIDE), slice(x, x + _SIDE)
        cv2.imwrite(str(folder / f"patch_{i + 1:02}.png"), tile.array[window][..., ::-1])
        np.savez_compressed(folder / f"patch_{i + 1:02}.npz", inst=truth.labels[window], type=kinds[window])


def _until(done: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
