"""The panel *Evaluate*: parts put together, and the work sent to threads."""

from __future__ import annotations

from typing import Any

import napari.viewer
from napari.layers import Labels
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import QCheckBox, QGroupBox, QLabel, QVBoxLayout, QWidget
from superqt.utils import create_worker

from napari_nucleus.app.evaluate import Compared, EvaluateController
from napari_nucleus.app.evaluate_state import Comparison, Pick
from napari_nucleus.core import NucleusError
from napari_nucleus.gui.evaluate.bars import OutcomeBar, PickBar
from napari_nucleus.gui.evaluate.error_layer import ErrorLayer
from napari_nucleus.gui.evaluate.flight import Flight
from napari_nucleus.gui.evaluate.form import CompareForm, labels_source
from napari_nucleus.gui.evaluate.matrix import ConfusionMatrix
from napari_nucleus.gui.evaluate.score_table import ScoreTable
from napari_nucleus.gui.evaluate.watch import LayerWatch
from napari_nucleus.gui.report import report
from napari_nucleus.gui.segment.column import Column

_SETTLE_MS = 500

# Bound on the canvas; napari itself uses neither.
_KEYS = {"N": 1, "Shift-N": -1}


class EvaluatePanel(QWidget):
    """Compare a Labels layer of nuclei with an annotated one, and go through what differs.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    controller : EvaluateController, optional
        What does the work; made here by default.
    """

    def __init__(self, viewer: napari.viewer.Viewer, controller: EvaluateController | None = None) -> None:
        super().__init__()
        self._viewer = viewer
        self.controller = EvaluateController() if controller is None else controller
        self.state = self.controller.state
        self._prediction: LayerWatch | None = None
        self._reference: LayerWatch | None = None
        self._drawing = False
        self._settle = _timer(self, _SETTLE_MS, self._draw_intervals)
        self._again = _timer(self, _SETTLE_MS, self._compare_again)
        self._errors, self._flight = ErrorLayer(viewer), Flight(viewer)
        self.form = CompareForm(viewer)
        self.message = QLabel()
        self.outcomes, self.scores, self.everything = OutcomeBar(), ScoreTable(), QCheckBox("all scores")
        self.matrix, self.pick_bar = ConfusionMatrix(), PickBar()
        self._lay_out()
        self._connect()
        self._on_shown(self.state.shown)

    def compare(self) -> None:
        """Compare the chosen layers; a comparison that is under way is superseded."""
        self.state.pick = None
        try:
            self._submit(*self.form.layers())
        except NucleusError as error:
            self._report(error)

    def event(self, event: QEvent | None) -> bool:
        """Let go of the layers when the panel is taken out of the window."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            self._bind_keys(self.parent() is not None)
            if self.parent() is None:
                self._let_go()
        return super().event(event)

    def _lay_out(self) -> None:
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.everything.setToolTip("DQ, SQ, AJI+, PanNuke's and the plain scores, each class by class")
        self._numbers = _group("Scores", self.outcomes, self.scores, self.everything)
        self._confusion = _group("Confusion matrix", self.matrix, self.pick_bar)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(Column(self.form, self.message, self._numbers, self._confusion))

    def _connect(self) -> None:
        self.form.compare.clicked.connect(self.compare)
        self.everything.toggled.connect(lambda: self._on_shown(self.state.shown))
        self.matrix.clicked.connect(self.controller.pick)
        self.pick_bar.stepped.connect(self.controller.step)
        self.state.events.running.connect(self._on_running)
        self.state.events.shown.connect(self._on_shown)
        self.state.events.pick.connect(self._on_pick)
        self.state.events.message.connect(self._on_message)
        self.controller.errors_changed.connect(self._on_errors)
        self._viewer.layers.events.removed.connect(self._on_removed)
        self._on_message("")

    def _bind_keys(self, on: bool) -> None:
        for key, by in _KEYS.items():
            step = (lambda _viewer, by=by: self.controller.step(by)) if on else None
            self._viewer.bind_key(key, step, overwrite=True)

    def _submit(self, prediction: Labels, reference: Labels) -> None:
        request = self.controller.submit(labels_source(reference), labels_source(prediction))
        self._watch(prediction, reference)
        create_worker(self.controller.work, request, _connect={"returned": self._on_compared})

    def _watch(self, prediction: Labels, reference: Labels) -> None:
        """Hear of corrections from now on: those that come while a thread compares are taken over when it is done."""
        self._let_go()
        self._prediction, self._reference = LayerWatch(prediction, self), LayerWatch(reference, self)
        self._prediction.edited.connect(self._follow)
        self._reference.edited.connect(self._on_reference)

    def _let_go(self) -> None:
        self._settle.stop()
        self._again.stop()
        for watch in (self._prediction, self._reference):
            if watch is not None:
                watch.stop()
                watch.deleteLater()
        self._prediction = self._reference = None

    def _on_compared(self, compared: Compared) -> None:
        try:
            accepted = self.controller.accept(compared)
        except Exception as error:
            self._report(error)
            return
        if accepted:
            self._follow(everywhere=True)

    def _follow(self, everywhere: bool = False) -> None:
        """Take over corrections of the prediction; where it is another image now, compare anew."""
        watch = self._prediction
        if watch is None or self.state.shown is None:
            return
        box, classes = watch.take_box(), watch.take_classes()
        try:
            followed = self.controller.follow(
                watch.labels(), watch.classes() if everywhere else classes, None if everywhere else box
            )
        except NucleusError:
            self.state.pick = None
            self._again.start(0)
            return
        if followed:
            self._settle.start(_SETTLE_MS)

    def _on_reference(self) -> None:
        watch = self._reference
        if watch is not None and self.controller.differs_from_truth(watch.labels(), watch.classes()):
            self._again.start(_SETTLE_MS)

    def _compare_again(self) -> None:
        """Compare the same layers with what they hold now."""
        if self._prediction is None or self._reference is None:
            return
        if self.state.running:
            self._again.start(_SETTLE_MS)
            return
        try:
            self._submit(self._prediction.layer, self._reference.layer)
        except NucleusError as error:
            self.controller.forget(str(error))

    def _draw_intervals(self) -> None:
        """Intervals of the numbers of now; one drawing at a time, the latest wins."""
        self._follow(everywhere=True)
        request = None if self._drawing else self.controller.intervals()
        if request is not None:
            self._drawing = True
            create_worker(self.controller.draw, request, _connect={"returned": self._on_drawn, "errored": self._report})

    def _on_drawn(self, drawn: Any) -> None:
        self._drawing = False
        self.controller.settle(drawn)
        if self.controller.intervals() is not None and not self._settle.isActive():
            self._settle.start(_SETTLE_MS)

    def _on_running(self, running: bool) -> None:
        self.form.compare.setEnabled(not running)
        self.form.compare.setText("Comparing …" if running else "Compare")

    def _on_shown(self, shown: Comparison | None) -> None:
        self._numbers.setVisible(shown is not None)
        self._confusion.setVisible(shown is not None)
        if shown is not None:
            self.outcomes.show_counts(shown)
            self.scores.show_scores(shown, self.everything.isChecked())
            self.matrix.show_counts(shown.confusion, shown.scheme)

    def _on_pick(self, pick: Pick | None) -> None:
        self.matrix.mark(None if pick is None else pick.cell)
        self.pick_bar.show_pick(pick)
        if pick is None:
            self._flight.clear()
        elif self._prediction is not None:
            self._flight.show(pick, self._prediction.layer)

    def _on_errors(self, box: Any) -> None:
        picture = self.controller.errors
        if picture is None or self._prediction is None:
            return
        if box is None:
            self._errors.show(picture, self._prediction.layer)
        else:
            self._errors.update(picture, box)

    def _on_removed(self, event: Any) -> None:
        watched = [watch.layer.unique_id for watch in (self._prediction, self._reference) if watch is not None]
        if event.value.unique_id in watched:
            self._let_go()
            self.controller.forget(f"{event.value.name} was removed. Choose two layers and compare again.")

    def _on_message(self, message: str) -> None:
        self.message.setText(message)
        self.message.setVisible(bool(message))

    def _report(self, error: Exception) -> None:
        self._drawing = False
        self.state.message = str(error)
        report(error)


def _timer(parent: QWidget, milliseconds: int, then: Any) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(then)
    return timer


def _group(title: str, *widgets: QWidget) -> QGroupBox:
    group = QGroupBox(title)
    inside = QVBoxLayout(group)
    for widget in widgets:
        inside.addWidget(widget)
    return group
