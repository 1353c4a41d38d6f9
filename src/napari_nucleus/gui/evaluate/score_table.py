"""Scores with their 95 % intervals."""

from __future__ import annotations

import math

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_nucleus.app.evaluate_state import Comparison
from napari_nucleus.app.score_rows import ScoreRow, score_rows
from napari_nucleus.evaluation.text import number

_HEADINGS = ("score", "value", "95 % interval")
_NAME, _VALUE, _INTERVAL = range(3)
_ROW_PX, _WIDTH_PX = 22, 310


class ScoreTable(QTableWidget):
    """The scores of a comparison; intervals that are still to be drawn are greyed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADINGS), parent)
        self._rows: list[ScoreRow] = []
        self.setHorizontalHeaderLabels(_HEADINGS)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setShowGrid(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(_WIDTH_PX)
        self._size_sections()

    def show_scores(self, comparison: Comparison, everything: bool = False) -> None:
        """Show the headline, or all scores."""
        rows = score_rows(comparison, everything)
        if [(row.key, row.class_name) for row in rows] != [(row.key, row.class_name) for row in self._rows]:
            self._rebuild(rows, dict(zip(comparison.scheme.classes, comparison.scheme.colors, strict=True)))
        self._rows = rows
        shade = self.palette().color(self.foregroundRole())
        shade.setAlphaF(1.0 if comparison.settled else 0.4)
        for i, row in enumerate(rows):
            self._cell(i, _VALUE).setText(number(row.value))
            interval = self._cell(i, _INTERVAL)
            interval.setText("" if math.isnan(row.low) else f"{number(row.low)} – {number(row.high)}")
            interval.setForeground(shade)

    def _rebuild(self, rows: list[ScoreRow], colors: dict[str, str]) -> None:
        self.setRowCount(len(rows))
        bold = self.font()
        bold.setBold(True)
        for i, row in enumerate(rows):
            for column in range(len(_HEADINGS)):
                item = QTableWidgetItem()
                item.setToolTip(row.meaning)
                if column != _NAME:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(i, column, item)
            name = self._cell(i, _NAME)
            name.setText(row.class_name or row.title)
            if row.class_name:
                name.setIcon(_swatch(colors[row.class_name]))
            else:
                self._cell(i, _VALUE).setFont(bold)
        across = self.horizontalHeader()
        assert across is not None
        self.setFixedHeight(across.sizeHint().height() + _ROW_PX * len(rows) + 4)

    def _size_sections(self) -> None:
        across, down = self.horizontalHeader(), self.verticalHeader()
        assert across is not None
        assert down is not None
        down.hide()
        down.setDefaultSectionSize(_ROW_PX)
        across.setSectionsClickable(False)
        across.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        across.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)

    def _cell(self, row: int, column: int) -> QTableWidgetItem:
        item = self.item(row, column)
        assert item is not None
        return item


def _swatch(color: str) -> QIcon:
    pixmap = QPixmap(10, 10)
    pixmap.fill(QColor(color))
    return QIcon(pixmap)
