"""Two short lines: what became of the nuclei, and the way through those that were picked."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from napari_nucleus.app.error_map import Outcome
from napari_nucleus.app.evaluate_state import Comparison, Pick
from napari_nucleus.gui.evaluate.error_layer import COLORS, TITLES

_TIPS = {
    Outcome.FOUND: "Overlap a true nucleus by more than half (IoU > 0.5) and have its class.",
    Outcome.WRONG_CLASS: "Found, but with another class than the true one.",
    Outcome.MISSED: "True nuclei that no prediction overlaps by more than half.",
    Outcome.EXTRA: "Predicted nuclei that overlap no true one by more than half.",
}


class OutcomeBar(QWidget):
    """Found, wrong class, missed, extra: counts in the colours of the layer ``errors``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 4)
        self.counts: dict[Outcome, QLabel] = {}
        for kind, title in TITLES.items():
            self.counts[kind] = QLabel()
            self.counts[kind].setStyleSheet(f"border-left: 4px solid {COLORS[kind]}; padding-left: 5px;")
            self.counts[kind].setToolTip(f"{_TIPS[kind]} In the layer errors: {title} nuclei in this colour.")
            row.addWidget(self.counts[kind], 1)

    def show_counts(self, comparison: Comparison) -> None:
        """Show the counts; the wrong classes only where there is more than one."""
        for kind, label in self.counts.items():
            label.setText(f"<b>{comparison.outcomes[kind]:,}</b><br>{TITLES[kind]}")
            label.setVisible(kind != Outcome.WRONG_CLASS or len(comparison.scheme) > 1)


class PickBar(QWidget):
    """Which of how many picked nuclei is in view, with buttons to the one before and the next."""

    stepped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLabel()
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.before = _button("◀", "The one before (Shift+N on the canvas)")
        self.next = _button("▶", "The next (N on the canvas)")
        self.before.clicked.connect(lambda: self.stepped.emit(-1))
        self.next.clicked.connect(lambda: self.stepped.emit(1))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.before)
        row.addWidget(self.text, 1)
        row.addWidget(self.next)
        self.show_pick(None)

    def show_pick(self, pick: Pick | None) -> None:
        """Show where one is; None: what to do."""
        self.before.setEnabled(pick is not None)
        self.next.setEnabled(pick is not None)
        self.text.setText("Click a number to fly to its nuclei." if pick is None else _told(pick))


def _told(pick: Pick) -> str:
    true, pred = pick.cell
    if pred == "missed":
        what = f"{true}, missed"
    elif true == "extra":
        what = f"{pred}, extra"
    else:
        what = f"{true}, right" if true == pred else f"{true} called {pred}"
    return f"<b>{pick.at + 1:,}</b> of {len(pick.places):,}: {what}"


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFixedWidth(40)
    return button
