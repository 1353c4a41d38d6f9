"""Remakes the pictures of `graph.md`: `python docs/screenshot_graph.py`; needs a screen, Xvfb will do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import napari
from qtpy.QtWidgets import QApplication

from napari_nucleus import segment
from napari_nucleus.app.graph.card import what_if
from napari_nucleus.app.graph.state import Change
from napari_nucleus.graph import GraphAnswer
from napari_nucleus.gui.graph import GraphPanel
from napari_nucleus.gui.layers import add_result
from napari_nucleus.gui.layers.data import image_data
from napari_nucleus.gui.layers.flight import fly_to
from napari_nucleus.gui.segment.column import Column
from napari_nucleus.io.samples import consep_tile

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    """Segment the sample tile, read its graph, select a nucleus of which the graph thinks otherwise, ask, and count."""
    image, _ = consep_tile()
    viewer = napari.Viewer(title="napari-nucleus")
    viewer.window.resize(1500, 1000)
    pixels, options, _ = image_data(image)
    layer = viewer.add_image(pixels, **options)
    add_result(viewer, segment(image, keep_maps=False), layer)
    panel = GraphPanel(viewer)
    viewer.window.add_dock_widget(panel, name="Nucleus graph")
    _until(lambda: panel.state.network is not None)
    panel.read.click()
    _until(lambda: not panel.state.busy)
    panel.form.by.setCurrentText("class")
    _select(panel)
    _until(lambda: False, seconds=1)  # the window makes room for the panel
    y, x = panel.state.network.places[panel.state.network.row(panel.state.selected)]
    fly_to(viewer, viewer.layers["nuclei"], (y, x), 60.0)
    _picture(viewer, "graph.jpg")

    panel.typed.names.setText("lymphocyte, epithelial, spindle-shaped")
    panel.typed.preview.click()
    panel.statistics.count.click()
    _until(lambda: not panel.state.busy)
    panel.ask.words.setText("small round dark nucleus")
    panel.ask.go.click()
    _until(lambda: panel.state.match is not None)
    panel.statistics.pick(1, 2)
    _until(lambda: False, seconds=1)
    bar = panel.findChild(Column).verticalScrollBar()
    bar.setValue(bar.maximum())
    _picture(viewer, "graph_words.jpg")
    viewer.close()


def _select(panel: GraphPanel) -> None:
    """Of the nuclei on which vote and graph differ most, not at the rim, the one that hangs most on a neighbour."""
    network, answer = panel.state.network, panel.state.answer
    inside = ((network.places > 150) & (network.places < 850)).all(1)
    differ = (answer.probabilities - answer.vote).abs().max(axis=1)[inside].nlargest(12)
    moves = {
        (label, Change(neighbour.label, kind)): _move(answer, label, Change(neighbour.label, kind))
        for label in map(int, differ.index)
        for neighbour in network.neighbours(label)
        for kind in (None, *answer.scheme.classes)
    }
    label, change = max(moves, key=moves.__getitem__)
    panel.controller.select(label)
    panel.controller.change(change)


def _move(answer: GraphAnswer, label: int, change: Change) -> float:
    return float((what_if(answer, change).loc[label] - answer.probabilities.loc[label]).abs().max())


def _picture(viewer: napari.Viewer, name: str) -> None:
    _until(lambda: False, seconds=2)
    IMAGES.mkdir(exist_ok=True)
    picture = viewer.screenshot(canvas_only=False, flash=False)
    cv2.imwrite(str(IMAGES / name), picture[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 72])


def _until(done: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
