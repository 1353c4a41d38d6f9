"""Classes with colour, count and share; a click switches one off and on."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget
from superqt.utils import signals_blocked

from napari_nucleus.core import ClassScheme, NucleusMap
from napari_nucleus.gui.layers.colors import UNKNOWN


class Legend(QWidget):
    """One row a class."""

    hidden_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, QCheckBox] = {}
        self.numbers: dict[str, tuple[QLabel, QLabel]] = {}
        self._rows = QGridLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setVerticalSpacing(2)
        self._rows.setColumnStretch(1, 1)

    def show_nuclei(self, nuclei: NucleusMap | None, hidden: frozenset[str]) -> None:
        """Show the counts of nuclei; None empties the legend."""
        counts = {} if nuclei is None else nuclei.counts()
        if tuple(counts) != tuple(self.boxes):
            self._rebuild(counts, nuclei.scheme if nuclei is not None else None)
        total = max(1, sum(counts.values()))
        for name, count in counts.items():
            number, share = self.numbers[name]
            number.setText(f"{count:,}")
            share.setText(f"{100 * count / total:.1f} %")
            with signals_blocked(self.boxes[name]):
                self.boxes[name].setChecked(name not in hidden)

    def _rebuild(self, counts: Mapping[str, int], scheme: ClassScheme | None) -> None:
        for widget in self.findChildren(QWidget):
            self._rows.removeWidget(widget)
            widget.deleteLater()
        self.boxes, self.numbers = {}, {}
        for row, name in enumerate(counts):
            color = UNKNOWN if scheme is None or name == "unknown" else scheme.colors[scheme.number_of(name) - 1]
            self._add_row(row, name, color)

    def _add_row(self, row: int, name: str, color: str) -> None:
        swatch = QLabel()
        swatch.setFixedSize(14, 14)
        swatch.setStyleSheet(f"background: {color}; border-radius: 3px;")
        box = QCheckBox(name)
        box.setToolTip(f"Show or hide {name}")
        box.toggled.connect(self._on_toggled)
        number, share = QLabel(), QLabel()
        for column, widget in enumerate((swatch, box, number, share)):
            self._rows.addWidget(widget, row, column)
        for label in (number, share):
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.boxes[name], self.numbers[name] = box, (number, share)

    def _on_toggled(self) -> None:
        self.hidden_changed.emit(frozenset(name for name, box in self.boxes.items() if not box.isChecked()))
