"""What a finished job has to show beside its model."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHeaderView, QLabel, QPushButton, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from napari_nucleus.app.training.results import RelabelResult, distil_table, relabel_result
from napari_nucleus.app.training.state import JobRow
from napari_nucleus.evaluation.text import number
from napari_nucleus.gui.evaluate.matrix import ConfusionMatrix

_ROW_PX = 22
_MEASURES = {
    "parameters": "parameters",
    "disk_mb": "on disk, MB",
    "memory_mb": "peak memory, MB",
    "seconds": "time, s",
    "pq": "PQ",
    "mpq_plus": "mPQ+",
    "r2": "R²",
    "f_d": "F detection",
    "f_c": "F class",
}


class ResultView(QWidget):
    """Teacher beside student, or the confusion matrices of a cross-relabelling; ``review`` brings its result."""

    review = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[str, str] = ("", "")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    def show_job(self, row: JobRow | None, run: Path | None) -> None:
        """Show what has come of a job; nothing before it is done. Reads files only when that changes."""
        key = ("", "") if row is None or row.state != "done" else (row.id, str(run))
        if key == self._shown:
            return
        self._shown = key
        self._empty()
        if row is None or run is None or not key[0]:
            return
        if row.text:
            self._column.addWidget(_text(row.text))
        if row.model:
            place = "Read by Nucleus graph" if row.kind == "graph classifier" else "In the list of models"
            self._column.addWidget(_text(f"{place}: <b>{row.model}</b>"))
        if row.kind == "distil" and (table := distil_table(run)) is not None:
            self._column.addWidget(_comparison(table))
        if row.kind == "cross-relabel" and (result := relabel_result(run)) is not None:
            self._show_relabelling(result)

    def _show_relabelling(self, result: RelabelResult) -> None:
        for classifier in result.classifiers:
            overall = classifier.accuracy.set_index("class").loc["all cells"]
            share = f"{overall['accuracy']:.3f} ({overall['low']:.3f}–{overall['high']:.3f})"
            self._column.addWidget(
                _text(f"<b>{classifier.source}</b>: accuracy {share}, {overall['cells']:,.0f} cells")
            )
            matrix = ConfusionMatrix()
            matrix.show_counts(classifier.confusion, classifier.scheme)
            self._column.addWidget(matrix)
        self._column.addWidget(
            _text(f"{result.relabelled:,} nuclei have a new class, {result.kept:,} wait for review.")
        )
        button = QPushButton("Review…")
        button.setToolTip("Hear the relabelled nuclei in the court, the most disputed first")
        button.clicked.connect(lambda: self.review.emit(result))
        self._column.addWidget(button)

    def _empty(self) -> None:
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()


def _text(html: str) -> QLabel:
    label = QLabel(html)
    label.setWordWrap(True)
    return label


def _comparison(table: pd.DataFrame) -> QTableWidget:
    view = QTableWidget(len(table), 4)
    view.setObjectName("comparison")
    view.setHorizontalHeaderLabels(["", "teacher", "student", "ratio"])
    view.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    view.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
    view.setShowGrid(False)
    across, down = view.horizontalHeader(), view.verticalHeader()
    assert across is not None
    assert down is not None
    down.hide()
    down.setDefaultSectionSize(_ROW_PX)
    across.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    across.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    for i, row in enumerate(table.to_dict("records")):
        title = _MEASURES.get(row["measure"], row["measure"])
        texts = (f"{title} {row['class']}".strip(), *(_value(row[side]) for side in ("teacher", "student", "ratio")))
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            view.setItem(i, column, item)
    view.setFixedHeight(across.sizeHint().height() + _ROW_PX * len(table) + 4)
    return view


def _value(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else number(value)
