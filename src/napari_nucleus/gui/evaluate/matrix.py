"""The confusion matrix: true classes down, predicted classes across, each cell to be clicked."""

from __future__ import annotations

import math

import pandas as pd
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_nucleus.core import ClassScheme
from napari_nucleus.gui.layers.colors import UNKNOWN

_ROW_PX, _SWATCH_PX, _GAP_PX = 26, 10, 5
_RIGHT, _WRONG = "#0072B2", "#D55E00"
_Align = Qt.AlignmentFlag
Cell = tuple[str, str]


class ConfusionMatrix(QWidget):
    """Counts, coloured by their share of the row: blue where the class is right, orange where it isn't.

    ``clicked`` brings a row's and a column's name.
    """

    clicked = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[str] = []
        self._columns: list[str] = []
        self._counts: dict[Cell, int] = {}
        self._left = self._top = 0
        self._colors: dict[str, str] = {}
        self._picked: Cell | None = None
        self._hovered: Cell | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_counts(self, counts: pd.DataFrame, scheme: ClassScheme) -> None:
        """Show a table of `confusion_table`."""
        rows, columns = list(map(str, counts.index)), list(map(str, counts))
        resized = (rows, columns) != (self._rows, self._columns)
        self._rows, self._columns = rows, columns
        values = counts.to_numpy().ravel().tolist()
        self._counts = dict(zip(((row, column) for row in rows for column in columns), values, strict=True))
        self._colors = {**dict(zip(scheme.classes, scheme.colors, strict=True)), "unknown": UNKNOWN}
        if resized:
            self._measure()
            self.updateGeometry()
        self.update()

    def mark(self, cell: Cell | None) -> None:
        """Frame a cell: the one whose nuclei are picked."""
        self._picked = cell
        self.update()

    def rect_of(self, row: str, column: str) -> QRectF:
        """Where a cell is drawn."""
        width = (self.width() - self._left - 1) / len(self._columns)
        across, down = self._columns.index(column), self._rows.index(row)
        return QRectF(self._left + across * width, self._top + down * _ROW_PX, width, _ROW_PX)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Wide enough for numbers of three digits."""
        return QSize(self._left + 32 * len(self._columns), self._top + _ROW_PX * len(self._rows) + 2)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as the rows."""
        return self.minimumSizeHint()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        """Measure again with another font: napari's theme comes after the panel."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._measure()
            self.updateGeometry()

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw headings and cells."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._counts:
            self._draw_headings(painter)
        totals = {row: self._total(row) for row in self._rows}
        for (row, column), count in self._counts.items():
            self._draw_cell(painter, row, column, count, totals[row])
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Say in words what a cell counts."""
        cell = None if event is None else self._cell_at(event.position())
        if cell != self._hovered:
            self._hovered = cell
            self.setToolTip("" if cell is None else self._told(*cell))
            self.setCursor(Qt.CursorShape.ArrowCursor if cell is None else Qt.CursorShape.PointingHandCursor)
            self.update()

    def leaveEvent(self, _event: object) -> None:  # noqa: N802
        """The mouse is elsewhere."""
        self._hovered = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Pick the nuclei of a cell."""
        cell = None if event is None else self._cell_at(event.position())
        if cell is not None and event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(*cell)

    def _cell_at(self, position: QPointF) -> Cell | None:
        """The cell under the mouse, if it counts any nuclei."""
        return next((cell for cell, n in self._counts.items() if n and self.rect_of(*cell).contains(position)), None)

    def _total(self, row: str) -> int:
        return sum(self._counts[row, column] for column in self._columns)

    def _told(self, row: str, column: str) -> str:
        count = self._counts[row, column]
        share = f"{count:,} of {self._total(row):,}"
        if row == "extra":
            return f"{count:,} predicted as {column} where there is no nucleus. Click to go through them."
        if column == "missed":
            return f"{share} {row} nuclei were missed. Click to go through them."
        told = "are called so" if row == column else f"are called {column}"
        return f"{share} {row} nuclei {told}. Click to go through them."

    def _draw_cell(self, painter: QPainter, row: str, column: str, count: int, total: int) -> None:
        if (row, column) == ("extra", "missed"):
            return
        area = self.rect_of(row, column).adjusted(1, 1, -1, -1)
        color = QColor(_RIGHT if row == column else _WRONG)
        color.setAlphaF(0.08 + 0.87 * math.sqrt(count / total) if count else 0.04)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRoundedRect(area, 3, 3)
        frame = self._frame(row, column)
        if frame is not None:
            painter.setPen(frame)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area, 3, 3)
        painter.setPen(self._text(1.0 if count else 0.3))
        painter.drawText(area, _Align.AlignCenter, f"{count:,}")

    def _frame(self, row: str, column: str) -> QPen | None:
        if self._picked == (row, column):
            return QPen(QColor("#F0E442"), 2)
        if self._hovered == (row, column):
            return QPen(self._text(0.8), 1.2)
        return QPen(QColor("#56B4E9"), 1.2) if row == column else None

    def _draw_headings(self, painter: QPainter) -> None:
        for row in self._rows:
            cell = self.rect_of(row, self._columns[0])
            self._draw_name(painter, QRectF(0, cell.top(), self._left - _GAP_PX, _ROW_PX), row)
        for column in self._columns:
            cell = self.rect_of(self._rows[0], column)
            painter.save()
            painter.translate(cell.center().x() + _ROW_PX / 2, self._top - _GAP_PX)
            painter.rotate(-90)
            self._draw_name(painter, QRectF(0, -_ROW_PX, self._top - _GAP_PX, _ROW_PX), column, upwards=True)
            painter.restore()
        painter.setPen(self._text(0.6))
        corner = QRectF(0, 0, self._left - _GAP_PX, self._top - _GAP_PX)
        painter.drawText(corner, _Align.AlignRight | _Align.AlignTop, "prediction →")
        painter.drawText(corner, _Align.AlignLeft | _Align.AlignBottom, "↓ truth")

    def _draw_name(self, painter: QPainter, area: QRectF, name: str, upwards: bool = False) -> None:
        swatch = QRectF(area.left(), area.center().y() - _SWATCH_PX / 2, _SWATCH_PX, _SWATCH_PX)
        if not upwards:
            swatch.moveRight(area.right())
        room = _SWATCH_PX + _GAP_PX if name in self._colors else 0
        text = area.adjusted(room, 0, 0, 0) if upwards else area.adjusted(0, 0, -room, 0)
        if room:
            painter.fillRect(swatch, QColor(self._colors[name]))
        painter.setPen(self._text(1.0 if name in self._colors else 0.7))
        side = _Align.AlignLeft if upwards else _Align.AlignRight
        painter.drawText(text, side | _Align.AlignVCenter, name)

    def _text(self, opacity: float) -> QColor:
        color = self.palette().color(self.foregroundRole())
        color.setAlphaF(opacity)
        return color

    def _measure(self) -> None:
        """Room for the headings, in the font of now."""
        self._left, self._top = self._longest(self._rows), self._longest(self._columns)

    def _longest(self, names: list[str]) -> int:
        text = max((self.fontMetrics().horizontalAdvance(name) for name in names), default=0)
        return int(text) + _SWATCH_PX + 3 * _GAP_PX
