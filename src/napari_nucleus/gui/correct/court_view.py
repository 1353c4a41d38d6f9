"""The relabel court: a cell, its votes side by side, and one key for the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QKeyEvent, QPixmap
from qtpy.QtWidgets import QFileDialog, QGridLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget
from superqt.utils import create_worker

from napari_nucleus.app.correct.courtroom import Case, Courtroom
from napari_nucleus.app.correct.keys import Action, KeyMap
from napari_nucleus.app.review.verdicts import Verdict
from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.gui.correct.key_filter import key_name
from napari_nucleus.gui.report import report

_PICTURE_PX = 256
_VERDICTS = {Action.ACCEPT: Verdict.ACCEPT, Action.REJECT: Verdict.REJECT, Action.ABSTAIN: Verdict.ABSTAIN}
_COLORS = {Verdict.ACCEPT: "#009E73", Verdict.REJECT: "#D55E00", Verdict.ABSTAIN: "#999999"}


class CourtView(QWidget):
    """Goes through a `Courtroom`; takes the keys of Review mode while it has the focus.

    Parameters
    ----------
    annotator : callable
        Who decides.
    """

    def __init__(self, annotator: Callable[[], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator = annotator
        self.room: Courtroom | None = None
        self._keys = KeyMap.default(0)
        self.open_button, self.export = QPushButton("Open a run…"), QPushButton("Export…")
        self.votes, self.refined = QPushButton("Ask for votes…"), QPushButton("Write data set…")
        self._folder = Path()
        self._worker: Any = None
        self.picture, self.text, self.bar = QLabel(), QLabel(), QProgressBar()
        self.buttons = {action: QPushButton(f"{action} ({self._keys.shown(action)})") for action in _VERDICTS}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._dress()
        self._lay_out()
        self._show()

    def open(self, folder: Path) -> None:
        """Hear the cells of a run of cross-relabelling.

        Raises
        ------
        NucleusError
            There is no ledger in the folder.
        """
        self.room, self._folder = Courtroom(folder), folder
        self.room.moved.connect(self._show)
        self._show()
        self.setFocus()

    def act(self, action: Action) -> None:
        """Decide, go on or back, or take back; what can't be done is told."""
        room = self.room
        if room is None:
            return
        try:
            if action in _VERDICTS:
                room.decide(_VERDICTS[action], self._annotator())
            elif action is Action.UNDO:
                room.undo(self._annotator())
            elif action in (Action.NEXT, Action.PREVIOUS):
                room.step(1 if action is Action.NEXT else -1)
        except NucleusError as error:
            report(error)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """The keys of Review mode."""
        command = None if event is None else self._keys.command(key_name(event))
        if isinstance(command, Action) and command in (*_VERDICTS, Action.UNDO, Action.NEXT, Action.PREVIOUS):
            self.act(command)
        else:
            super().keyPressEvent(event)

    def set_keys(self, keys: KeyMap) -> None:
        """Take other keys."""
        self._keys = keys
        for action, button in self.buttons.items():
            button.setText(f"{action} ({keys.shown(action)})")

    def _dress(self) -> None:
        self.open_button.setToolTip("The folder of a finished cross-relabelling")
        self.export.setToolTip("Write the ledger with votes and verdicts as CSV or Parquet")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setMinimumHeight(_PICTURE_PX)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.votes.setToolTip("Student, text and graph say what they make of every cell; takes a while")
        self.refined.setToolTip("Write the refined data set anew, as you have decided")
        self.votes.clicked.connect(self._on_votes)
        self.refined.clicked.connect(self._on_refined)
        self.open_button.clicked.connect(self._on_open)
        self.export.clicked.connect(self._on_export)
        for action, button in self.buttons.items():
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, action=action: self.act(action))

    def _lay_out(self) -> None:
        column, row = QVBoxLayout(self), QGridLayout()
        row.addWidget(self.open_button, 0, 0)
        row.addWidget(self.votes, 0, 1)
        row.addWidget(self.export, 0, 2)
        row.addWidget(self.refined, 2, 0, 1, 3)
        for place, button in enumerate(self.buttons.values()):
            row.addWidget(button, 1, place)
        for widget in (self.bar, self.picture, self.text):
            column.addWidget(widget)
        column.insertLayout(0, row)
        column.addStretch(1)

    def _show(self) -> None:
        room = self.room
        case = None if room is None else room.case
        for widget in (*self.buttons.values(), self.votes, self.export, self.refined, self.bar, self.picture):
            widget.setVisible(case is not None)
        if room is None or case is None:
            told = "Open the run of a cross-relabelling: each cell that it renamed comes with all votes, to be judged."
            self.text.setText(told if room is None else "The ledger holds no cells.")
            return
        self.bar.setRange(0, len(room))
        self.bar.setValue(room.done)
        self.bar.setFormat(f"{room.done:,} of {len(room):,} judged")
        self.picture.setPixmap(_pixmap(case.picture))
        self.picture.setText("" if case.picture is not None else "The run hasn't kept its picture.")
        self.text.setText(_told(case))

    def _on_open(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Run of a cross-relabelling")
        if folder:
            self._try(lambda: self.open(Path(folder)))

    def _on_votes(self) -> None:
        data = QFileDialog.getExistingDirectory(self, "Folder of both data sets")
        if data:
            self._work(_collect, Path(data), lambda _court: self._try(lambda: self.open(self._folder)))

    def _on_refined(self) -> None:
        data = QFileDialog.getExistingDirectory(self, "Folder of both data sets")
        out = QFileDialog.getExistingDirectory(self, "Where the refined data set goes") if data else ""
        if out:
            self._work(_write, Path(data), lambda _nothing: self._done(f"Written to {out}."), Path(out))

    def _work(self, what: Callable[..., Any], data: Path, then: Callable[[Any], None], *more: Path) -> None:
        """Long work of the court, in a thread."""
        self.votes.setEnabled(False)
        self.refined.setEnabled(False)
        answers: dict[str, Any] = {
            "yielded": self._on_progress,
            "returned": then,
            "errored": report,
            "finished": self._done,
        }
        self._worker = create_worker(what, self._folder, data, *more, _connect=answers)

    def _on_progress(self, progress: Progress) -> None:
        self.bar.setFormat(f"{progress.message} {progress.done}/{progress.total}")

    def _done(self, message: str = "") -> None:
        self.votes.setEnabled(True)
        self.refined.setEnabled(True)
        self._show()
        if message:
            self.bar.setFormat(message)

    def _on_export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Ledger", "ledger.csv", "Tables (*.csv *.parquet)")
        room = self.room
        if path and room is not None:
            self._try(lambda: room.court.export(Path(path)))

    def _try(self, what: Callable[[], None]) -> None:
        try:
            what()
        except NucleusError as error:
            report(error)


def _collect(folder: Path, data: Path) -> Generator[Progress, None, Any]:
    from napari_nucleus.app.review.ballots import collect_votes
    from napari_nucleus.app.review.voters import voters

    return (yield from collect_votes(folder, data, voters()))


def _write(folder: Path, data: Path, out: Path) -> Generator[Progress, None, None]:
    from napari_nucleus.app.review.ballots import write_reviewed

    yield from write_reviewed(folder, data, out)


def _told(case: Case) -> str:
    """Old and new class, votes, verdict."""
    rows = "".join(
        f"<tr><td>{escape(vote.voter)}&nbsp;&nbsp;</td><td><b>{escape(vote.name)}</b></td>"
        f"<td align=right>&nbsp;&nbsp;{'' if math.isnan(vote.confidence) else f'{vote.confidence:.2f}'}</td></tr>"
        for vote in case.votes
    )
    head = f"was <b>{escape(case.old_class)}</b>, is called <b>{escape(case.new_class)}</b>"
    place = f"{escape(case.cell.source)} · {escape(case.cell.image)} · nucleus {case.cell.label}"
    verdict = "" if case.verdict is None else f"<br><b style='color:{_COLORS[case.verdict]}'>{case.verdict}</b>"
    return f"{head}<br>{place}<table cellspacing=2>{rows}</table>{verdict}"


def _pixmap(picture: NDArray[np.uint8] | None) -> QPixmap:
    if picture is None:
        return QPixmap()
    height, width = picture.shape[:2]
    image = QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    return QPixmap.fromImage(image).scaled(
        _PICTURE_PX, _PICTURE_PX, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
