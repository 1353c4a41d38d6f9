"""The tab *Review*: Review mode and its keys, the queue, and the nucleus that is looked at."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QGroupBox, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_nucleus.app.correct import Change
from napari_nucleus.app.correct.counts import nuclei_by_class
from napari_nucleus.app.correct.keys import Action
from napari_nucleus.app.correct.reviewer import Reviewer
from napari_nucleus.gui.correct.class_keys import ClassKeys
from napari_nucleus.gui.correct.nucleus_view import NucleusView
from napari_nucleus.gui.correct.queue_view import QueueView

_SOON_MS, _LATER_MS = 60, 250
_OFF, _ON = "Review mode", "Review mode is on – Esc leaves"
_HINTED = (Action.ACCEPT, Action.DELETE, Action.MERGE, Action.SPLIT, Action.NEXT, Action.UNDO, Action.HELP)


class ReviewView(QWidget):
    """Mirrors a `Reviewer`; what it shows follows in pauses, never on a key's way."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reviewer: Reviewer | None = None
        self.switch, self.hint, self.message = QPushButton(_OFF), QLabel(), QLabel()
        self.classes, self.queue, self.nucleus = ClassKeys(), QueueView(), NucleusView()
        self._soon, self._later = QTimer(self), QTimer(self)
        for timer, pause, then in ((self._soon, _SOON_MS, self.refresh), (self._later, _LATER_MS, self.recount)):
            timer.setSingleShot(True)
            timer.setInterval(pause)
            timer.timeout.connect(then)
        self._dress()
        column = QVBoxLayout(self)
        for widget in (self.switch, self.hint, self.message, self.classes):
            column.addWidget(widget)
        column.addWidget(_group("Queue", self.queue))
        column.addWidget(_group("Nucleus", self.nucleus))
        column.addStretch(1)

    def set_reviewer(self, reviewer: Reviewer | None) -> None:
        """Show another image's review."""
        if self._reviewer is not None:
            self._listen(self._reviewer, False)
        self._reviewer = reviewer
        self.setEnabled(reviewer is not None)
        self.queue.set_following(None, None)
        if reviewer is not None:
            self._listen(reviewer, True)
            self.show_keys()
        self._on_mode(False)
        self.refresh()

    def show_keys(self) -> None:
        """Show the keys as they are bound now."""
        if self._reviewer is not None:
            keys = self._reviewer.keys
            self.classes.show_scheme(self._reviewer.bench.project.scheme, keys)
            self.hint.setText(
                "  ".join(f"<b>{keys.shown(action).split(' or ')[0]}</b>&nbsp;{_short(action)}" for action in _HINTED)
            )
            self.recount()

    def refresh(self) -> None:
        """Show the nucleus that a key would mean."""
        if self._reviewer is None:
            self.nucleus.show_nucleus(None, 0)
        else:
            self.nucleus.show_nucleus(self._reviewer.bench, self._reviewer.mode.target)

    def recount(self) -> None:
        """Show how many nuclei each class has."""
        if self._reviewer is not None:
            self.classes.show_counts(nuclei_by_class(self._reviewer.bench))

    def _dress(self) -> None:
        self.switch.setCheckable(True)
        self.switch.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.switch.setToolTip(
            "The keys below act on the nucleus under the pointer; napari gets its own back after Esc"
        )
        self.switch.toggled.connect(self._on_switch)
        self.hint.setTextFormat(Qt.TextFormat.RichText)
        for label in (self.hint, self.message):
            label.setWordWrap(True)
        self.message.hide()

    def _listen(self, reviewer: Reviewer, on: bool) -> None:
        mode, bench = reviewer.mode.events, reviewer.bench
        pairs = ((mode.on, self._on_mode), (mode.message, self._on_message), (bench.changed, self._on_changed))
        for signal, slot in (*pairs, (mode.under, self._on_looked_at), (mode.current, self._on_looked_at)):
            signal.connect(slot) if on else signal.disconnect(slot)

    def _on_switch(self, on: bool) -> None:
        if self._reviewer is not None:
            self._reviewer.mode.on = on

    def _on_mode(self, on: bool) -> None:
        with signals_blocked(self.switch):
            self.switch.setChecked(on)
        self.switch.setText(_ON if on else _OFF)
        self.switch.setStyleSheet("background: #009E73; color: white; font-weight: bold;" if on else "")

    def _on_message(self, message: str) -> None:
        self.message.setText(message)
        self.message.setVisible(bool(message))

    def _on_looked_at(self, _label: int = 0) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _on_changed(self, _change: Change) -> None:
        self._on_looked_at()
        if not self._later.isActive():
            self._later.start()


def _short(action: Action) -> str:
    return "all keys" if action is Action.HELP else str(action)


def _group(title: str, widget: QWidget) -> QGroupBox:
    group = QGroupBox(title)
    inside = QVBoxLayout(group)
    inside.addWidget(widget)
    return group
