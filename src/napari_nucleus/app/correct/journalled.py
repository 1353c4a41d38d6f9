"""An image of a project in memory, which follows the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_nucleus.app.correct.history import History
from napari_nucleus.app.correct.memory import ImageMemory
from napari_nucleus.app.correct.table import NucleusTable
from napari_nucleus.project import Edit, OvertakenError, Project, SchemeEdit
from napari_nucleus.project.chunks import Box
from napari_nucleus.project.classes import numbers_of
from napari_nucleus.project.journal import Line


class Change(NamedTuple):
    """What a command changed.

    Attributes
    ----------
    action : str
        Such as ``set class`` or ``undo merge``.
    annotator : str
        Whose it is.
    labels : tuple of int
        Nuclei that changed, came or went.
    box : (y0, x0, y1, x1)
        Everything that changed in `Workbench.labels` and `Workbench.classes` lies in it.
    """

    action: str
    annotator: str
    labels: tuple[int, ...]
    box: Box


class Journalled:
    """An image's nuclei as the journal has them: what is written is shown, whoever wrote it.

    Attributes
    ----------
    project : Project
    image : int
        Number of the image in the project.
    annotator : str
        Whose corrections can be taken back.
    """

    changed: ClassVar[Signal] = Signal(Change)

    def __init__(self, project: Project, image: int, annotator: str) -> None:
        self.project, self.image, self.annotator = project, image, annotator
        with project.reading():
            self._memory = ImageMemory.read(project, image)
            self._classes, lines = project.classes, project.lines(image)
        self._seen = lines[-1].number if lines else 0
        self._history = History()
        for line in lines:
            self._remember(line)

    @property
    def labels(self) -> NDArray[np.int32]:
        """Which pixel belongs to which nucleus, (H, W) int32; changed in place, by commands alone."""
        return self._memory.labels

    @property
    def classes(self) -> NDArray[np.uint8]:
        """Class number of each pixel, (H, W) uint8: 0 background, `UNKNOWN` a nucleus without; changed in place."""
        return self._memory.classes

    @property
    def rows(self) -> NucleusTable:
        """What is known of each nucleus, in columns."""
        return self._memory.table

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return self._history.undoable is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return self._history.redoable is not None

    @property
    def last_line(self) -> int:
        """Number of the last line of the journal that is shown; 0: none."""
        return self._seen

    def label_at(self, y: float, x: float) -> int:
        """The nucleus at a place of the image; 0 where there is none."""
        row, column = int(np.floor(y + 0.5)), int(np.floor(x + 0.5))
        inside = 0 <= row < self.labels.shape[0] and 0 <= column < self.labels.shape[1]
        return int(self.labels[row, column]) if inside else 0

    def undo(self) -> Change | None:
        """Take back the annotator's last command that wasn't yet; None where there is none."""
        return self._take_back(self._history.undoable)

    def redo(self) -> Change | None:
        """Do again what was taken back last; None where there is none."""
        return self._take_back(self._history.redoable)

    def refresh(self) -> list[Change]:
        """Take in what was written since, by others as well."""
        return list(self._follow().values())

    def _follow(self, known: Mapping[int, Edit | SchemeEdit] | None = None) -> dict[int, Change]:
        """Show what was written since; each change by its line. ``known`` edits needn't be read again."""
        changes = {}
        for line in self.project.lines(self.image, after=self._seen):
            self._seen = line.number
            if line.applied:
                edit = (known or {}).get(line.number) or self.project.edit(line.number)
                changes[line.number] = self._take_in(edit, line)
                self._remember(line)
        for change in changes.values():
            self.changed.emit(change)
        return changes

    def _do(self, edit: Edit | SchemeEdit, undoes: int | None = None, annotator: str = "") -> Change:
        """Write an edit, then show what is written."""
        try:
            line = self.project.apply(edit, annotator or self.annotator, undoes=undoes)
        except OvertakenError:
            self.refresh()
            raise
        return self._follow({line: edit})[line]

    def _take_back(self, line: int | None) -> Change | None:
        if line is None:
            return None
        try:
            return self._do(self.project.edit(line).undone(), undoes=line)
        except OvertakenError:
            self._history.drop(line)  # else it would bar the way to those before it
            raise

    def _take_in(self, edit: Edit | SchemeEdit, line: Line) -> Change:
        if isinstance(edit, SchemeEdit):
            self._classes = edit.after
            self._memory.number_anew(numbers_of(edit.after))
            return Change(line.action, line.annotator, (), (0, 0, *self.labels.shape))
        return Change(line.action, line.annotator, *self._memory.take_in(edit))

    def _remember(self, line: Line) -> None:
        if not line.applied:
            return
        if line.annotator == self.annotator:
            self._history.add(line)
        elif line.undoes is not None:
            self._history.drop(line.undoes)
