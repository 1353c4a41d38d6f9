"""A journal seen again from its beginning: as a demonstration, and as an audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_nucleus.app.correct.journalled import Change
from napari_nucleus.app.correct.memory import ImageMemory
from napari_nucleus.app.correct.table import NucleusTable
from napari_nucleus.project import Edit, Project, SchemeEdit
from napari_nucleus.project.classes import numbers_of
from napari_nucleus.project.journal import Line


class Replay:
    """An image as it was before its first correction, and every correction since, one after the other.

    It shows what a `Workbench` shows, so that whatever draws the one can draw the other. The project isn't touched.

    Parameters
    ----------
    project : Project
    image : int

    Raises
    ------
    NucleusError
        The project has no such image.
    """

    changed: ClassVar[Signal] = Signal(Change)

    def __init__(self, project: Project, image: int) -> None:
        self.project, self.image = project, image
        with project.reading():
            self._memory = ImageMemory.read(project, image)
            self.lines = [line for line in project.lines(image) if line.applied]
            for line in reversed(self.lines):
                self._show(project.edit(line.number).undone(), line)
        self.place = 0

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[Change]:
        while self.place < len(self.lines):
            yield self.step()

    @property
    def labels(self) -> NDArray[np.int32]:
        """Labels (H, W) int32, changed in place."""
        return self._memory.labels

    @property
    def classes(self) -> NDArray[np.uint8]:
        """Class numbers (H, W) uint8, changed in place."""
        return self._memory.classes

    @property
    def rows(self) -> NucleusTable:
        """What is known of each nucleus."""
        return self._memory.table

    def step(self) -> Change:
        """Make the next correction; there must be one."""
        line = self.lines[self.place]
        change = self._show(self.project.edit(line.number), line)
        self.place += 1
        self.changed.emit(change)
        return change

    def _show(self, edit: Edit | SchemeEdit, line: Line) -> Change:
        if isinstance(edit, SchemeEdit):
            self._memory.number_anew(numbers_of(edit.after))
            return Change(line.action, line.annotator, (), (0, 0, *self.labels.shape))
        return Change(line.action, line.annotator, *self._memory.take_in(edit))


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the journal that doesn't fit what is there."""

    line: Line
    what: str


def audit(project: Project, image: int) -> Finding | None:
    """The last line of the journal that doesn't explain what an image's nuclei are; None where all do.

    From today back to the beginning, each correction must have left what there is by then. Where one hasn't, somebody
    has meddled with the database, and nothing can be said of the lines before.
    """
    with project.reading():
        memory = ImageMemory.read(project, image)
        for line in reversed(project.lines(image)):
            edit = project.edit(line.number)
            if not line.applied or isinstance(edit, SchemeEdit):
                continue
            if what := _misfit(memory, edit):
                return Finding(line, what)
            memory.take_in(edit.undone())
    return None


def _misfit(memory: ImageMemory, edit: Edit) -> str:
    """How what is there differs from what a correction left; empty where it doesn't."""
    after = {row.label: row for row in edit.rows_after}
    for row in (*edit.rows_before, *edit.rows_after):
        if memory.table.get(row.label) != after.get(row.label):
            return f"nucleus {row.label} isn't as this correction left it"
    if edit.box is not None and edit.pixels_before is not None and edit.pixels_after is not None:
        y0, x0, y1, x1 = edit.box
        changed = edit.pixels_before != edit.pixels_after
        if not np.array_equal(memory.labels[y0:y1, x0:x1][changed], edit.pixels_after[changed]):
            return f"pixels in rows {y0} to {y1}, columns {x0} to {x1} aren't as this correction left them"
    return ""
