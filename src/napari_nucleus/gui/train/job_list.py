"""The jobs, the newest first, and what can be done with the chosen one."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_nucleus.app.training.state import JobRow, TrainState, time_left

_COLORS = {"done": "#009E73", "failed": "#D55E00", "cancelled": "#999999", "paused": "#E69F00", "running": "#56B4E9"}
_NAME, _STATE, _PROGRESS = range(3)
_ROWS_SHOWN, _ROW_PX = 5, 24


class JobList(QWidget):
    """Mirrors a `TrainState`; ``asked`` brings pause, resume, cancel, log or remove."""

    asked = Signal(str)

    def __init__(self, state: TrainState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._ids: list[str] = []
        self.table = QTableWidget(0, 3)
        self.buttons = {name: QPushButton(name) for name in ("pause", "resume", "cancel", "log", "remove")}
        self._dress()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        row = QHBoxLayout()
        for name, button in self.buttons.items():
            button.clicked.connect(lambda _=False, name=name: self.asked.emit(name))
            row.addWidget(button)
        column.addLayout(row)
        self.table.itemSelectionChanged.connect(self._on_selected)
        state.events.rows.connect(self._show)
        state.events.chosen.connect(self._show_chosen)
        self._show()

    def _dress(self) -> None:
        self.table.setHorizontalHeaderLabels(["job", "state", "progress"])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        across, down = self.table.horizontalHeader(), self.table.verticalHeader()
        assert across is not None
        assert down is not None
        down.hide()
        down.setDefaultSectionSize(_ROW_PX)
        across.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        across.setSectionResizeMode(_PROGRESS, QHeaderView.ResizeMode.Stretch)
        self.table.setFixedHeight(across.sizeHint().height() + _ROWS_SHOWN * _ROW_PX + 4)
        tips = {
            "pause": "Stop at the end of this step; memory is free until it goes on",
            "resume": "Go on from the last checkpoint",
            "cancel": "Stop at the end of this step",
            "log": "Everything that the job has told",
            "remove": "Take it off the list; its run folder stays",
        }
        for name, tip in tips.items():
            self.buttons[name].setToolTip(tip)

    def _show(self) -> None:
        rows = self._state.rows[::-1]
        if [row.id for row in rows] != self._ids:
            self._rebuild(rows)
        for i, row in enumerate(rows):
            self._show_row(i, row)
        self._show_chosen()

    def _rebuild(self, rows: tuple[JobRow, ...]) -> None:
        self._ids = [row.id for row in rows]
        with signals_blocked(self.table):
            self.table.setRowCount(len(rows))
            for i in range(len(rows)):
                for column in (_NAME, _STATE):
                    self.table.setItem(i, column, QTableWidgetItem())
                bar = QProgressBar()
                bar.setTextVisible(True)
                self.table.setCellWidget(i, _PROGRESS, bar)

    def _show_row(self, i: int, row: JobRow) -> None:
        name, state, bar = self.table.item(i, _NAME), self.table.item(i, _STATE), self.table.cellWidget(i, _PROGRESS)
        assert name is not None
        assert state is not None
        assert isinstance(bar, QProgressBar)
        name.setText(row.name)
        state.setText(row.state)
        state.setForeground(QColor(_COLORS.get(row.state, "#CCCCCC")))
        for item in (name, state):
            item.setToolTip(f"{row.kind}: {row.text}" if row.text else row.kind)
        bar.setToolTip(row.text)
        unknown = row.state == "running" and not row.total
        bar.setRange(0, 0 if unknown else max(1, row.total))
        bar.setValue(row.done)
        left = time_left(row.seconds_left) if row.state == "running" else ""
        steps = f"{row.done:,}/{row.total:,}" if row.total and row.state != "done" else ""
        bar.setFormat(" · ".join(text for text in (steps, left) if text))

    def _show_chosen(self) -> None:
        row = self._state.row
        able = {
            "pause": row is not None and row.can_pause,
            "resume": row is not None and row.can_resume,
            "cancel": row is not None and row.can_cancel,
            "log": row is not None,
            "remove": row is not None and row.can_remove,
        }
        for name, button in self.buttons.items():
            button.setEnabled(able[name])
        if self._state.chosen in self._ids:
            with signals_blocked(self.table):
                self.table.selectRow(self._ids.index(self._state.chosen))

    def _on_selected(self) -> None:
        rows = self.table.selectedItems()
        if rows:
            self._state.chosen = self._ids[rows[0].row()]
