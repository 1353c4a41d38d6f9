"""What is known of the nucleus that a key would mean: class, doubt, and where they come from."""

from __future__ import annotations

from html import escape

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from napari_nucleus.app.correct import Workbench
from napari_nucleus.core import ClassScheme
from napari_nucleus.project import Provenance, ReviewState

_BAR_PX = 90
_WORDS = {"model": "the model", "relabel": "cross-relabelling", "human": "a person"}


class NucleusView(QWidget):
    """One nucleus, which stays while a comment is typed; ``commented`` brings its label and the text."""

    commented = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text, self.comment = QLabel(), QLineEdit()
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.comment.setPlaceholderText("comment")
        self.comment.setToolTip("Kept when you leave the field")
        self._label, self._known = 0, ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)
        column.addWidget(self.comment)
        self.comment.editingFinished.connect(self._on_typed)
        self.show_nucleus(None, 0)

    def show_nucleus(self, bench: Workbench | None, label: int) -> None:
        """Show a nucleus; 0 is none."""
        if self.comment.hasFocus():
            return
        there = bench is not None and label in bench.rows
        self.comment.setEnabled(there)
        if bench is None or not there:
            self._label = 0
            self.text.setText("Point at a nucleus, or press N.")
            self.comment.clear()
            return
        row, scheme = bench.rows[label], bench.project.scheme
        says = f"says {_WORDS.get(row.source, escape(row.source))} · {escape(row.state)} · {row.area:,} px"
        title = f"<b>{escape(scheme.name_of(bench.rows.number(label)))}</b> · nucleus {label}"
        self.text.setText(f"{title}<br>{says}{_last_word(bench, label)}{_bars(row.probabilities, scheme)}")
        self._label, self._known = label, row.comment
        self.comment.setText(row.comment)

    def _on_typed(self) -> None:
        text = self.comment.text().strip()
        if self._label and text != self._known:
            self._known = text
            self.commented.emit(self._label, text)


def _last_word(bench: Workbench, label: int) -> str:
    """What was last done to a nucleus, by whom, and when; empty for one that is as it was added."""
    row = bench.rows[label]
    if row.source == Provenance.MODEL and row.state == ReviewState.PROPOSED and not row.comment:
        return ""
    line = bench.project.last_line(bench.image, label)
    return (
        ""
        if line is None
        else f"<br>{escape(line.action)} by {escape(line.annotator)}, {line.time[:16].replace('T', ' ')}"
    )


def _bars(probabilities: tuple[float, ...] | None, scheme: ClassScheme) -> str:
    """Probabilities as bars in the colours of the classes."""
    if probabilities is None or len(probabilities) != len(scheme):
        return ""
    rows = "".join(
        f"<tr><td>{escape(name)}&nbsp;</td><td><table cellspacing=0><tr>"
        f"<td bgcolor='{color}' width={round(_BAR_PX * p)}></td><td>&nbsp;{p:.2f}</td></tr></table></td></tr>"
        for name, color, p in sorted(
            zip(scheme.classes, scheme.colors, probabilities, strict=True), key=lambda item: -item[2]
        )
        if p >= 0.01
    )
    return f"<table cellspacing=0 cellpadding=1>{rows}</table>"
