"""All keys of Review mode; a double click gives one to something else."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from napari_nucleus.app.correct.keys import Action, Command, KeyMap
from napari_nucleus.core import ClassScheme
from napari_nucleus.gui.correct.key_filter import key_name

_ROLE = Qt.ItemDataRole.UserRole
_WAITING = "press a key …"


class KeysView(QWidget):
    """A row a command; ``rebound`` brings a command and its new key."""

    rebound = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table, self.hint = QTableWidget(0, 2), QLabel("Double-click a row, then press its new key; Esc keeps it.")
        self._waiting: Callable[[str], None] | None = None
        self.hint.setWordWrap(True)
        self.table.setHorizontalHeaderLabels(["does", "key"])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        header = self.table.horizontalHeader()
        assert header is not None
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.table.verticalHeader().setVisible(False)  # type: ignore[union-attr]
        column = QVBoxLayout(self)
        column.addWidget(self.hint)
        column.addWidget(self.table)
        self.table.cellDoubleClicked.connect(lambda row, _column: self.wait_for_key(row))
        self.table.installEventFilter(self)

    def show_keys(self, keys: KeyMap, scheme: ClassScheme) -> None:
        """Show a key map."""
        self._waiting = None
        self.table.setRowCount(0)
        for row, (command, shown) in enumerate(keys):
            self.table.insertRow(row)
            name = f"class: {scheme.name_of(command)}" if isinstance(command, int) else str(command)
            item = QTableWidgetItem(name)
            item.setData(_ROLE, command)
            self.table.setItem(row, 0, item)
            self.table.setItem(row, 1, QTableWidgetItem(shown))

    def row_of(self, command: Command) -> int:
        """Where a command stands."""
        return next(row for row in range(self.table.rowCount()) if self._command(row) == command)

    def wait_for_key(self, row: int) -> None:
        """The next key that is pressed becomes that of a row."""
        shown = self.table.item(row, 1)
        assert shown is not None
        former, command = shown.text(), self._command(row)
        shown.setText(_WAITING)
        self.table.setFocus()

        def take(key: str) -> None:
            shown.setText(former)
            if key != "Escape":
                self.rebound.emit(command, key)

        self._waiting = take

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Catch the key that is waited for."""
        waiting = self._waiting
        if waiting is None or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        key = key_name(event)
        if event.type() == QEvent.Type.KeyPress and key and key not in ("Shift", "Ctrl", "Alt", "Meta"):
            self._waiting = None
            waiting(key)
        return True

    def _command(self, row: int) -> Command:
        item = self.table.item(row, 0)
        assert item is not None
        command = item.data(_ROLE)
        return command if isinstance(command, int) else Action(command)
