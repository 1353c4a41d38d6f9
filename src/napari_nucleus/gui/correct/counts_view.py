"""Nuclei by class and by who said so, work by annotator, and a choice of nuclei by where they come from."""

from __future__ import annotations

import pandas as pd
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_nucleus.app.correct.counts import Wanted
from napari_nucleus.core import ClassScheme
from napari_nucleus.project import Provenance, ReviewState

_ROW_PX = 24


class CountsView(QWidget):
    """``wanted`` brings which nuclei are to be chosen, ``replay_wanted`` whether the journal is to be played."""

    wanted = Signal(object)
    replay_wanted = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.classes, self.work, self.warning = QTableWidget(), QTableWidget(), QLabel()
        self.kind, self.source, self.state, self.choose = QComboBox(), QComboBox(), QComboBox(), QPushButton("Choose")
        self.replay, self.played = QPushButton("Replay"), QLabel()
        self._scheme: ClassScheme | None = None
        self._dress()
        self._lay_out()

    def show_counts(self, counts: pd.DataFrame, work: pd.DataFrame, warning: str, scheme: ClassScheme) -> None:
        """Show the tables of `class_counts` and `work_done`."""
        _fill(self.classes, counts.loc[:, counts.any() | (counts.columns == "nuclei")])
        _fill(self.work, work.round(1))
        self.warning.setText(warning)
        self.warning.setVisible(bool(warning))
        if scheme != self._scheme:
            self._scheme = scheme
            with signals_blocked(self.kind):
                self.kind.clear()
                for name, number in (("any", -1), *zip(scheme.classes, range(1, 99), strict=False), ("unknown", 0)):
                    self.kind.addItem(name, number)

    def _dress(self) -> None:
        for combo, kinds in ((self.source, Provenance), (self.state, ReviewState)):
            combo.addItem("any", "")
            for kind in kinds:
                combo.addItem(str(kind), str(kind))
        self.kind.addItem("any", -1)
        self.choose.setToolTip("Choose these nuclei for the next key: their outlines turn black")
        self.choose.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.choose.clicked.connect(self._on_choose)
        self.replay.setCheckable(True)
        self.replay.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.replay.setToolTip("Play all corrections of this image, from the first on, in a layer of its own")
        self.replay.toggled.connect(self.replay_wanted)
        self.warning.setWordWrap(True)
        self.warning.setStyleSheet("color: #E69F00;")
        self.warning.hide()

    def _lay_out(self) -> None:
        column, rows = QVBoxLayout(self), QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, combo in (("class", self.kind), ("said by", self.source), ("state", self.state)):
            rows.addRow(title, combo)
        rows.addRow(self.choose)
        for widget in (self.classes, self.warning, QLabel("Corrections of this project"), self.work, self.replay):
            column.addWidget(widget)
        column.addWidget(self.played)
        column.addLayout(rows)
        column.addStretch(1)

    def _on_choose(self) -> None:
        self.wanted.emit(Wanted(self.source.currentData(), self.state.currentData(), self.kind.currentData()))


def _fill(table: QTableWidget, frame: pd.DataFrame) -> None:
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setRowCount(len(frame))
    table.setColumnCount(len(frame.columns))
    table.setHorizontalHeaderLabels([str(name).replace("_", " ") for name in frame.columns])
    table.setVerticalHeaderLabels([str(name) for name in frame.index])
    for row, values in enumerate(frame.itertuples(index=False)):
        for column, value in enumerate(values):
            item = QTableWidgetItem(f"{value:,}")
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(row, column, item)
    header = table.horizontalHeader()
    if header is not None:
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    table.setFixedHeight(_ROW_PX * (len(frame) + 1) + 12)
    table.verticalHeader().setDefaultSectionSize(_ROW_PX)  # type: ignore[union-attr]
