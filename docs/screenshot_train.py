"""Remakes the picture of `train.md`: `python docs/screenshot_train.py`; needs a screen, Xvfb will do, and minutes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import napari
from qtpy.QtWidgets import QApplication

from napari_nucleus.app.training.controller import TrainController
from napari_nucleus.gui.layers import add_nuclei
from napari_nucleus.gui.layers.data import image_data
from napari_nucleus.gui.train import TrainPanel
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.jobs import JobQueue

IMAGE = Path(__file__).parent / "images" / "train.jpg"
STEPS, SHOWN_AT = 120, 100


def main() -> None:
    """Fine-tune the default model's last layers on the sample tile, and take the window's picture on the way."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["NAPARI_NUCLEUS_MODELS"] = f"{place}/models"
        viewer = napari.Viewer(title="napari-nucleus")
        viewer.window.resize(1500, 1000)
        image, truth = consep_tile()
        pixels, options, _ = image_data(image)
        viewer.add_image(pixels, **options)
        add_nuclei(viewer, truth, name="nuclei")
        panel = TrainPanel(viewer, TrainController(JobQueue(f"{place}/jobs"), Path(place)))
        viewer.window.add_dock_widget(panel, name="Train")
        _until(lambda: panel.fine_tune.model.count() > 0)
        panel.fine_tune.part.setCurrentIndex(panel.fine_tune.part.findData("heads"))
        panel.fine_tune.run.steps.setValue(STEPS)
        panel.samples.setChecked(True)
        panel.submit()
        _until(lambda: bool(panel.state.rows) and panel.state.rows[-1].done >= SHOWN_AT, 1200)
        _until(lambda: False, 5)
        column = panel.layout().itemAt(0).widget()
        column.verticalScrollBar().setValue(column.verticalScrollBar().maximum())
        viewer.reset_view()
        _until(lambda: False, 1)
        picture = viewer.screenshot(canvas_only=False, flash=False)
        cv2.imwrite(str(IMAGE), picture[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 72])
        _until(lambda: panel.state.rows[-1].state == "done", 600)
        viewer.close()


def _until(done: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
