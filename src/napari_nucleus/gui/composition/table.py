"""The table: a row a region, sorted by a click on a heading."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt, Signal
from qtpy.QtGui import QColor, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_nucleus.app.composition_text import Column

_ROW_PX, _MOST_ROWS = 22, 12
_Role = Qt.ItemDataRole


class ColumnModel(QAbstractTableModel):
    """Columns of text, with the values that they are sorted by."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns: list[Column] = []
        self._swatches: dict[str, QPixmap] = {}

    def show_columns(self, columns: list[Column], colors: dict[str, str]) -> None:
        """Show other columns; the headings of classes have their colours."""
        self.beginResetModel()
        self.columns = columns
        self._swatches = {name: _swatch(color) for name, color in colors.items()}
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Number of regions."""
        return len(self.columns[0].values) if self.columns else 0

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Number of columns."""
        return len(self.columns)

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        """Text, value (as user data) and alignment of a cell."""
        column = self.columns[index.column()]
        if role == _Role.DisplayRole:
            return column.texts[index.row()]
        if role == _Role.UserRole:
            return column.values[index.row()]
        if role == _Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if index.column() else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:  # noqa: N802
        """Title and colour of a column."""
        if orientation == Qt.Orientation.Vertical or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == _Role.DisplayRole:
            return column.title
        return self._swatches.get(column.class_name) if role == _Role.DecorationRole else None


class CompositionTable(QTableView):
    """Shows columns; ``chosen`` brings the row, as the columns count it, that a person has clicked."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns = ColumnModel(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.columns)
        self._sorted.setSortRole(_Role.UserRole)
        self.setModel(self._sorted)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        across, down = self.horizontalHeader(), self.verticalHeader()
        assert across is not None
        assert down is not None
        down.hide()
        down.setDefaultSectionSize(_ROW_PX)
        across.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.clicked.connect(lambda index: self.chosen.emit(self._sorted.mapToSource(index).row()))

    def show_columns(self, columns: list[Column], colors: dict[str, str]) -> None:
        """Show other columns; the order that the user chose stays."""
        self.columns.show_columns(columns, colors)
        across, bar = self.horizontalHeader(), self.horizontalScrollBar()
        assert across is not None
        assert bar is not None
        rows = min(_MOST_ROWS, max(1, self.columns.rowCount()))
        self.setFixedHeight(across.sizeHint().height() + _ROW_PX * rows + bar.sizeHint().height() + 4)

    def show_row(self, row: int) -> None:
        """Select a row, as the columns count it."""
        self.selectRow(self._sorted.mapFromSource(self.columns.index(row, 0)).row())


def _swatch(color: str) -> QPixmap:
    pixmap = QPixmap(10, 10)
    pixmap.fill(QColor(color))
    return pixmap
