"""Scores with their 95 % intervals, as numbers and as a line from 0 to 1."""

from __future__ import annotations

import math

from qtpy.QtCore import QModelIndex, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_nucleus.app.evaluate_state import Comparison
from napari_nucleus.app.score_rows import ScoreRow, score_rows
from napari_nucleus.evaluation.text import number

_HEADINGS = ("score", "value", "", "95 % interval")
_NAME, _VALUE, _LINE, _INTERVAL = range(4)
_ROW_PX = 22
_Item = Qt.ItemDataRole


class ScoreTable(QTableWidget):
    """The scores of a comparison; intervals that are still to be drawn are greyed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADINGS), parent)
        self._rows: list[ScoreRow] = []
        self._swatches: dict[str, QPixmap] = {}
        self.setHorizontalHeaderLabels(_HEADINGS)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setShowGrid(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegateForColumn(_LINE, _IntervalLine(self))
        self._size_sections()

    def show_scores(self, comparison: Comparison, everything: bool = False) -> None:
        """Show the headline, or all scores."""
        rows = score_rows(comparison, everything)
        if [(row.key, row.class_name) for row in rows] != [(row.key, row.class_name) for row in self._rows]:
            self._rebuild(rows, dict(zip(comparison.scheme.classes, comparison.scheme.colors, strict=True)))
        self._rows = rows
        grey = self.palette().color(self.foregroundRole())
        grey.setAlphaF(1.0 if comparison.settled else 0.4)
        for i, row in enumerate(rows):
            self._cell(i, _VALUE).setText(number(row.value))
            self._cell(i, _LINE).setData(_Item.UserRole, (row.value, row.low, row.high, comparison.settled))
            interval = self._cell(i, _INTERVAL)
            interval.setText("" if math.isnan(row.low) else f"{number(row.low)} – {number(row.high)}")
            interval.setForeground(grey)

    def _rebuild(self, rows: list[ScoreRow], colors: dict[str, str]) -> None:
        self.setRowCount(len(rows))
        for i, row in enumerate(rows):
            for column in range(len(_HEADINGS)):
                item = QTableWidgetItem()
                item.setToolTip(row.meaning)
                if column in (_VALUE, _INTERVAL):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(i, column, item)
            name = self._cell(i, _NAME)
            name.setText(row.class_name or row.title)
            if row.class_name:
                name.setData(_Item.DecorationRole, _swatch(colors[row.class_name]))
            else:
                font = self.font()
                font.setBold(True)
                self._cell(i, _VALUE).setFont(font)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + _ROW_PX * len(rows) + 4)

    def _size_sections(self) -> None:
        across, down = self.horizontalHeader(), self.verticalHeader()
        assert across is not None
        assert down is not None
        down.hide()
        down.setDefaultSectionSize(_ROW_PX)
        across.setSectionsClickable(False)
        across.setMinimumSectionSize(20)
        across.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        across.setSectionResizeMode(_LINE, QHeaderView.ResizeMode.Stretch)

    def _cell(self, row: int, column: int) -> QTableWidgetItem:
        item = self.item(row, column)
        assert item is not None
        return item


class _IntervalLine(QStyledItemDelegate):
    """A line from 0 to 1, the interval on it, and a dot where the value is."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw one row."""
        told = index.data(_Item.UserRole)
        if painter is None or told is None or math.isnan(told[0]):
            return
        value, low, high, settled = told
        area = QRectF(option.rect).adjusted(6, 0, -6, 0)
        middle = area.center().y()

        def at(share: float) -> float:
            return float(area.left() + area.width() * min(1.0, max(0.0, share)))

        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(128, 128, 128, 90), 1))
        painter.drawLine(int(area.left()), int(middle), int(area.right()), int(middle))
        color = QColor(_LINE_COLOR)
        color.setAlphaF(1.0 if settled else 0.4)
        if not math.isnan(low):
            painter.fillRect(QRectF(at(low), middle - 3, max(1.5, at(high) - at(low)), 6), color)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#FFFFFF"))
        painter.drawEllipse(QRectF(at(value) - 2.5, middle - 2.5, 5, 5))
        painter.restore()


_LINE_COLOR = "#56B4E9"


def _swatch(color: str) -> QPixmap:
    pixmap = QPixmap(10, 10)
    pixmap.fill(QColor(color))
    return pixmap
