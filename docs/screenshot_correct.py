"""Remakes the picture of `correct.md`: `python docs/screenshot_correct.py`; needs a screen, Xvfb will do."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_nucleus import segment
from napari_nucleus.app.correct.reviewer import Reviewer
from napari_nucleus.core import NucleusMap
from napari_nucleus.gui.correct import CorrectPanel
from napari_nucleus.gui.layers import add_nuclei
from napari_nucleus.gui.layers.data import image_data
from napari_nucleus.io.samples import consep_tile

IMAGE = Path(__file__).parent / "images" / "correct.jpg"
CORRECTIONS = 45


def main() -> None:
    """Correct what the default model finds in the sample tile as its truth says, and take the window's picture."""
    tile, truth = consep_tile()
    found = segment(tile).nuclei
    with tempfile.TemporaryDirectory() as place:
        os.environ["NAPARI_NUCLEUS_KEYS"] = f"{place}/keys.json"
        viewer = napari.Viewer(title="napari-nucleus")
        viewer.window.resize(1500, 960)
        pixels, options, _ = image_data(tile)
        viewer.add_image(pixels, **options)
        add_nuclei(viewer, found, name="nuclei")
        panel = CorrectPanel(viewer)
        viewer.window.add_dock_widget(panel, name="Correct nuclei")
        panel.state.annotator = "ada"
        panel.bar.annotator.setText("ada")
        panel.make_project(f"{place}/project")
        reviewer = panel.controller.reviewer
        assert reviewer is not None
        _until(lambda: reviewer.maps is not None)
        reviewer.mode.on = True
        reviewer.press("N")
        for _ in range(CORRECTIONS):
            correct(reviewer, truth)
            _until(lambda: False, 0.3)
        _until(lambda: False, 4)
        picture = viewer.screenshot(canvas_only=False, flash=False)
        cv2.imwrite(str(IMAGE), picture[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
        viewer.window.remove_dock_widget(panel)
        viewer.close()


def correct(reviewer: Reviewer, truth: NucleusMap) -> None:
    """Press the key of the class that most of the nucleus has in the truth, or go on where it has none."""
    under = truth.type_map()[reviewer.bench.labels == reviewer.mode.current]
    number = int(np.bincount(under, minlength=2).argmax()) if len(under) else 0
    reviewer.press(str(number) if number else "N")


def _until(done: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
