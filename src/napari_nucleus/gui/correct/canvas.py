"""An image that is corrected, on the canvas: its layers, the pointer, the keys and the brushes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import cv2
import napari.viewer
import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_nucleus.app.correct import Change
from napari_nucleus.app.correct.mode import BRUSHES, Place, Tool
from napari_nucleus.app.correct.reviewer import Reviewer
from napari_nucleus.core import NucleusError
from napari_nucleus.gui.correct.class_layer import ClassLayer
from napari_nucleus.gui.correct.key_filter import KeyFilter
from napari_nucleus.gui.layers.flight import fly_to
from napari_nucleus.project.chunks import Box

_VIEW_UM = 60.0
_OTHERS_MS = 3000  # from one look at what other annotators have done to the next
_PIXELS_A_BOX = 50_000  # to draw one box takes as long as so many pixels
_CLOSED = (Tool.LASSO, Tool.BOX)


class CorrectCanvas(QObject):
    """Binds a `Reviewer` to a viewer, until `close`.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    reviewer : Reviewer
    place : dict
        Where the image lies: arguments of ``Viewer.add_labels``.
    report : callable
        Tells errors.

    Attributes
    ----------
    follows : bool
        The view goes to the nucleus that the queue shows.
    """

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        reviewer: Reviewer,
        place: dict[str, Any],
        report: Callable[[Exception], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._viewer, self.reviewer, self._report, self._panel = viewer, reviewer, report, parent
        self.classes = ClassLayer(viewer, reviewer.bench, place, self._on_stroke)
        self.layer = self.classes.layer
        self.follows = True
        self._flight = QTimer(self)
        self._flight.setSingleShot(True)
        self._flight.setInterval(0)
        self._flight.timeout.connect(self._fly)
        self._others = QTimer(self)
        self._others.setInterval(_OTHERS_MS)
        self._others.timeout.connect(self._look_at_others)
        self._others.start()
        self._box: Box | None = None
        self.keys = KeyFilter(reviewer.knows, self.press, self._on_turn, self)
        for key, action in (("Control-Z", "undo"), ("Control-Shift-Z", "redo")):
            self.layer.bind_key(key, lambda _layer, action=action: self._do(lambda: reviewer.act(action)))
        viewer.mouse_move_callbacks.append(self._on_move)
        viewer.mouse_drag_callbacks.append(self._on_drag)
        reviewer.bench.changed.connect(self._on_changed)
        reviewer.visited.connect(self._on_visited)
        reviewer.proposed.connect(self._on_proposed)
        events = reviewer.mode.events
        for event, slot in self._slots().items():
            getattr(events, event).connect(slot)

    def close(self) -> None:
        """Let go of everything, and take the layers away."""
        self.keys.off()
        self.classes.close()
        self._viewer.mouse_move_callbacks.remove(self._on_move)
        self._viewer.mouse_drag_callbacks.remove(self._on_drag)
        self.reviewer.bench.changed.disconnect(self._on_changed)
        self.reviewer.visited.disconnect(self._on_visited)
        self.reviewer.proposed.disconnect(self._on_proposed)
        for event, slot in self._slots().items():
            getattr(self.reviewer.mode.events, event).disconnect(slot)
        self._flight.stop()
        self._others.stop()
        if self.layer in self._viewer.layers:
            self._viewer.layers.remove(self.layer)

    def press(self, key: str) -> None:
        """Do what a key is for; what can't be done is told."""
        self._do(lambda: self.reviewer.press(key))

    def focus(self) -> None:
        """Give the canvas the keys."""
        canvas = self._native()
        if canvas is not None:
            canvas.setFocus()

    def region(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """What is in view, as corners in µm of the image."""
        mpp = self.reviewer.bench.project.image(self.reviewer.bench.image).mpp
        (y0, x0), (y1, x1) = (np.asarray(self.layer.corner_pixels)[:, -2:] * mpp).tolist()
        return (y0, x0), (y1, x1)

    def _slots(self) -> dict[str, Callable[[Any], None]]:
        return {"on": self._on_mode, "tool": self._on_tool, "trace": self._on_trace, "chosen": self.classes.choose}

    def _do(self, what: Callable[[], Any]) -> None:
        try:
            what()
        except NucleusError as error:
            self.reviewer.mode.message = str(error)
            self._report(error)

    def _window(self) -> QMainWindow | None:
        """The viewer's window, also where the panel floats in one of its own."""
        widget: QWidget | None = self._panel
        while widget is not None and not isinstance(widget, QMainWindow):
            widget = widget.parentWidget()
        return widget

    def _native(self) -> QWidget | None:
        """The widget that napari draws on."""
        window = self._window()
        center = None if window is None else window.centralWidget()
        return None if center is None else center.findChild(QOpenGLWidget)

    def _on_mode(self, on: bool) -> None:
        canvas, window = self._native(), self._window()
        if on and canvas is not None and window is not None:
            self._viewer.layers.selection.active = self.layer
            self.keys.on(canvas, window)
        else:
            self.keys.off()
            self.reviewer.mode.put_down()

    def _on_tool(self, tool: Tool | None) -> None:
        """Let napari's brush paint in the value that says: this is being drawn."""
        if tool in BRUSHES:
            self._viewer.layers.selection.active = self.layer
            self.layer.selected_label = self.classes.marked
            self.layer.mode = "paint"
        elif str(self.layer.mode) != "pan_zoom":
            self.layer.mode = "pan_zoom"

    def _on_trace(self, trace: tuple[Place, ...]) -> None:
        tool = self.reviewer.mode.tool
        if tool is Tool.BOX and len(trace) == 2:
            (y0, x0), (y1, x1) = trace
            trace = ((y0, x0), (y0, x1), (y1, x1), (y1, x0))
        if tool in (Tool.CUT, *_CLOSED) or not trace:
            self.classes.trace(trace, closed=tool in _CLOSED)

    def _on_stroke(self, box: Box, pixels: NDArray[np.bool_], value: int) -> None:
        mode = self.reviewer.mode
        if mode.on and mode.tool in BRUSHES:
            self._do(lambda: self.reviewer.stroke(box, pixels))
        else:
            self._do(lambda: self.reviewer.painted(box, pixels, value))

    def _on_changed(self, change: Change) -> None:
        """Draw what has changed anew: its box, or where few nuclei lie far apart, as after a lesson, theirs."""
        y0, x0, y1, x1 = change.box
        rows = self.reviewer.bench.rows
        known = [label for label in change.labels if label in rows]
        if len(known) == len(change.labels) and len(known) * _PIXELS_A_BOX < (y1 - y0) * (x1 - x0):
            for label in known:
                self.classes.show(rows.box(label))
        else:
            self.classes.show(change.box)

    def _look_at_others(self) -> None:
        """Take in what other annotators have done; told once where the project can't be read any more."""
        try:
            self.reviewer.bench.refresh()
        except Exception as error:
            self._others.stop()
            self._report(error)

    def _on_visited(self, label: int) -> None:
        rows = self.reviewer.bench.rows
        self._box = rows.box(label) if label in rows else None
        self.classes.ring(self._box)
        if self.follows and self._box is not None:
            self._flight.start()  # after the key, and once for several

    def _fly(self) -> None:
        if self._box is not None:
            y0, x0, y1, x1 = self._box
            fly_to(self._viewer, self.layer, ((y0 + y1) / 2, (x0 + x1) / 2), _VIEW_UM, nearer=False)

    def _on_proposed(self, proposal: Any) -> None:
        if proposal is None:
            self.classes.overlay(None)
        else:
            self.classes.overlay(proposal.box, proposal.pixels & ~_inner(proposal.pixels))

    def _on_move(self, _viewer: Any, event: Any) -> None:
        if self.reviewer.mode.on:
            self.reviewer.point(self._place(event.position))

    def _on_drag(self, _viewer: Any, event: Any) -> Generator[None, None, None]:
        """A click, not a drag."""
        moved = False
        yield
        while event.type == "mouse_move":
            moved = True
            yield
        mode = self.reviewer.mode
        if mode.on and not moved and event.button == 1 and mode.tool in (None, Tool.ADD):
            place, follows = self._place(event.position), self.follows
            self.follows = False  # what is clicked is in view
            self._do(lambda: self.reviewer.click(place))
            self.follows = follows

    def _on_turn(self, up: int) -> bool:
        return self.reviewer.turn(up)

    def _place(self, position: Any) -> Place:
        y, x = np.asarray(self.layer.world_to_data(position))[-2:].tolist()
        return y, x


def _inner(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without the rim, two pixels wide."""
    kernel = np.ones((3, 3), np.uint8)
    return cv2.erode(np.pad(pixels, 1).astype(np.uint8), kernel, iterations=2)[1:-1, 1:-1].astype(bool)
