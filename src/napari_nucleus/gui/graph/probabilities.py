"""Class probabilities by several sources, as bars side by side."""

from __future__ import annotations

import pandas as pd
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_nucleus.app.graph.card import GRAPH, WHAT_IF
from napari_nucleus.core import ClassScheme
from napari_nucleus.gui.layers.colors import UNKNOWN

_ROW_PX, _COLUMN_PX, _PAD_PX = 20, 52, 4
_Align = Qt.AlignmentFlag


class ProbabilityBars(QWidget):
    """A row a class, a column a source; of "what if" also how far it moves from the graph's."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: dict[str, dict[str, float]] = {}  # by source, then by class
        self._kinds: list[str] = []
        self._colors: dict[str, str] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_probabilities(self, table: pd.DataFrame, scheme: ClassScheme) -> None:
        """Show a table of `Card.probabilities`."""
        self.values = {str(source): dict(zip(table.index, table[source], strict=True)) for source in table}
        self._kinds = [str(kind) for kind in table.index]
        self._colors = dict(zip(scheme.classes, scheme.colors, strict=True))
        self.setVisible(bool(self.values))
        self.updateGeometry()
        self.update()

    def text_of(self, kind: str, source: str) -> str:
        """What a cell says."""
        value = self.values[source][kind]
        if source == WHAT_IF and GRAPH in self.values:
            return f"{100 * value:.0f} % ({100 * (value - self.values[GRAPH][kind]):+.1f})"
        return f"{100 * value:.0f} %"

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as there are classes."""
        return QSize(self._left() + _COLUMN_PX * len(self.values), _ROW_PX * (1 + len(self._kinds)) + 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As `sizeHint`."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw names, bars and numbers."""
        if not self.values:
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        for column, source in enumerate(self.values):
            painter.drawText(self._cell(-1, column), int(_Align.AlignCenter), source)
            for row, kind in enumerate(self._kinds):
                self._draw(painter, self._cell(row, column), kind, source)
        for row, kind in enumerate(self._kinds):
            where = QRectF(0, (row + 1) * _ROW_PX, self._left() - _PAD_PX, _ROW_PX)
            painter.drawText(where, int(_Align.AlignRight | _Align.AlignVCenter), kind)
        painter.end()

    def _draw(self, painter: QPainter, cell: QRectF, kind: str, source: str) -> None:
        value = self.values[source][kind]
        color = QColor(self._colors.get(kind, UNKNOWN))
        color.setAlpha(150)
        bar = cell.adjusted(1, 2, -1, -2)
        bar.setWidth(max(0.0, bar.width() * value))
        painter.fillRect(bar, color)
        painter.drawText(cell, int(_Align.AlignCenter), self.text_of(kind, source))

    def _cell(self, row: int, column: int) -> QRectF:
        """Where a cell is drawn; "what if" is half as wide again, for it says more."""
        widths = [1.7 if name == WHAT_IF else 1.0 for name in self.values]
        unit = (self.width() - self._left()) / sum(widths)
        left = self._left() + unit * sum(widths[:column])
        return QRectF(left, (row + 1) * _ROW_PX, unit * widths[column], _ROW_PX)

    def _left(self) -> int:
        metrics = self.fontMetrics()
        return max([60, *(metrics.horizontalAdvance(kind) + 2 * _PAD_PX for kind in self._kinds)])
