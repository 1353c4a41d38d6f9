"""The review queue: its order and filters, how far it is, and how many labels are still wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget
from superqt.utils import signals_blocked

from napari_nucleus.app.correct.following import Among, Following
from napari_nucleus.app.review import Doubt, ReviewFilter
from napari_nucleus.app.training.state import time_left
from napari_nucleus.core import ClassScheme

_SOON_MS, _IDLE_MS = 120, 900
_TARGET = 0.02
_TAB = Qt.FocusPolicy.TabFocus  # a click leaves the keys with the canvas


class QueueView(QWidget):
    """Shows a `Following`; numbers follow in pauses, never on a key's way.

    ``region_wanted`` asks for the part of the image that is in view, ``fine_tune_wanted`` for the panel *Train*.
    """

    region_wanted = Signal()
    fine_tune_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._following: Following | None = None
        self.order, self.kind, self.among = QComboBox(), QComboBox(), QComboBox()
        self.in_view, self.follows, self.learns = QCheckBox("in view only"), QCheckBox("fly to it"), QCheckBox("learn")
        self.previous, self.next = QPushButton("Previous"), QPushButton("Next")
        self.fine_tune = QPushButton("Fine-tune on what was corrected…")
        self.bar, self.error, self.lesson = QProgressBar(), QLabel(), QLabel()
        self._soon, self._idle = _timer(self, _SOON_MS, self._show_progress), _timer(self, _IDLE_MS, self._show_error)
        self._dress()
        self._lay_out()
        self.order.activated.connect(self._on_order)
        self.kind.activated.connect(self._on_filter)
        self.among.activated.connect(self._on_filter)
        self.fine_tune.clicked.connect(self.fine_tune_wanted)
        self.in_view.toggled.connect(self._on_in_view)
        self.learns.toggled.connect(self._on_learns)
        self.set_following(None, None)

    def set_following(self, following: Following | None, scheme: ClassScheme | None) -> None:
        """Show another review."""
        if self._following is not None:
            self._following.session.queue.changed.disconnect(self._on_changed)
        self._following = following
        self.setEnabled(following is not None)
        if following is None:
            self._soon.stop()
            self._idle.stop()
            return
        following.session.queue.changed.connect(self._on_changed)
        self._fill(following, scheme)
        self._on_learns(self.learns.isChecked())
        self._on_filter()
        self._on_changed()

    def restrict(self, region: tuple[tuple[float, float], tuple[float, float]] | None) -> None:
        """Visit only nuclei of a box, corners in µm; None: of the whole image."""
        if self._following is not None:
            queue = self._following.session.queue
            queue.only = replace(queue.only, region=region)

    def _dress(self) -> None:
        self.order.setToolTip("Which nucleus comes next")
        self.kind.setToolTip("Visit nuclei of this class only")
        self.among.setToolTip("Visit only nuclei of which this was said; where annotators disagree, you adjudicate")
        for which in Among:
            self.among.addItem(str(which), which)
        self.fine_tune.setToolTip("Open the panel Train with this project: the network learns, not only the order")
        self.in_view.setToolTip("Visit only nuclei of the part of the image that is in view now")
        self.follows.setToolTip("The view goes to the nucleus that comes next; off, only the ring does")
        self.learns.setToolTip("After every few corrections, classes and order of all other nuclei are learnt anew")
        self.follows.setChecked(True)
        self.learns.setChecked(True)
        for widget in (self.order, self.kind, self.among, self.in_view, self.follows, self.learns):
            widget.setFocusPolicy(_TAB)
        for button in (self.previous, self.next, self.fine_tune):
            button.setFocusPolicy(_TAB)
        for label in (self.error, self.lesson):
            label.setWordWrap(True)
        self.error.setToolTip("Estimated from the classifier's doubt and from how often it was wrong where you looked")

    def _lay_out(self) -> None:
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("order by", self.order)
        rows.addRow("class", self.kind)
        rows.addRow("nuclei", self.among)
        for widgets in ((self.in_view, self.follows, self.learns), (self.previous, self.next)):
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget)
            rows.addRow(row)
        for label in (self.bar, self.error, self.lesson, self.fine_tune):
            rows.addRow(label)

    def _fill(self, following: Following, scheme: ClassScheme | None) -> None:
        with signals_blocked(self.order), signals_blocked(self.kind):
            self.order.clear()
            for order in following.session.orders:
                self.order.addItem(str(order), order)
            self.order.setCurrentIndex(self.order.findData(following.session.order))
            chosen = self.kind.currentText()
            self.kind.clear()
            self.kind.addItem("all", None)
            for number, name in enumerate(() if scheme is None else scheme.classes, 1):
                self.kind.addItem(name, number)
            self.kind.setCurrentIndex(max(0, self.kind.findText(chosen)))

    def _on_order(self) -> None:
        if self._following is not None:
            self._following.session.order = Doubt(self.order.currentData())

    def _on_filter(self) -> None:
        if self._following is not None:
            queue, number = self._following.session.queue, self.kind.currentData()
            classes = None if number is None else frozenset([number])
            among = self._following.among(Among(self.among.currentData()))
            queue.only = ReviewFilter(classes=classes, region=queue.only.region, among=among)

    def _on_in_view(self, on: bool) -> None:
        if on:
            self.region_wanted.emit()
        else:
            self.restrict(None)

    def _on_learns(self, on: bool) -> None:
        if self._following is not None:
            self._following.session.learning = on and self._following.can_learn

    def _on_changed(self) -> None:
        if not self._soon.isActive():
            self._soon.start()
        self._idle.start()

    def _show_progress(self) -> None:
        if self._following is None:
            return
        progress = self._following.session.queue.progress
        left = time_left(progress.seconds_left)
        self.bar.setRange(0, max(progress.total, 1))
        self.bar.setValue(progress.done)
        self.bar.setFormat(" · ".join(filter(None, [f"{progress.done:,} of {progress.total:,} reviewed", left])))

    def _show_error(self) -> None:
        if self._following is None:
            return
        session = self._following.session
        advice = session.advice(_TARGET)
        self.error.setText(f"Estimated: {session.remaining().text}; {advice.text}.")


def _timer(parent: QWidget, milliseconds: int, then: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(then)
    return timer
