"""The nuclei of one image of a project, kept in memory; every change is a command that can be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_nucleus.app.correct import shapes
from napari_nucleus.app.correct.boxes import around, boxes_of, window
from napari_nucleus.app.correct.classes import said
from napari_nucleus.app.correct.history import History
from napari_nucleus.app.correct.table import NucleusTable
from napari_nucleus.core import NucleusError
from napari_nucleus.project import Edit, Overtaken, Project, Provenance, ReviewState
from napari_nucleus.project.chunks import Box
from napari_nucleus.project.journal import Line

UNKNOWN = 255
"""In the class map: a nucleus without class."""


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


class Workbench:
    """The nuclei of one image, and the commands that correct them.

    Each command is one edit: one transaction, one line of the journal, on the disk when it returns. Its cost grows with
    the nuclei that it changes, not with those that there are. A command that can't be done says so and changes nothing.

    Attributes
    ----------
    project : Project
    image : int
        Number of the image in the project.
    annotator : str
    labels : (H, W) int32
        Changed in place, by commands alone.
    classes : (H, W) uint8
        Class number of each pixel: 0 background, `UNKNOWN` a nucleus without class. Changed in place.
    rows : NucleusTable
        What is known of each nucleus, in columns.
    """

    changed: ClassVar[Signal] = Signal(Change)

    def __init__(self, project: Project, image: int, annotator: str) -> None:
        self.project, self.image, self.annotator = project, image, annotator
        self._load()

    @classmethod
    def open(cls, project: Project, image_id: int, annotator: str) -> Workbench:
        """The workbench of an image, with everything that ``annotator`` ever did there to take back.

        Raises
        ------
        NucleusError
            The project has no such image, or the annotator has no name.
        """
        if not annotator.strip():
            raise NucleusError("Expected the name of who corrects, got none. Give yours.")
        return cls(project, image_id, annotator.strip())

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return self._history.undoable is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return self._history.redoable is not None

    def label_at(self, y: float, x: float) -> int:
        """The nucleus at a place of the image; 0 where there is none."""
        row, column = int(np.floor(y + 0.5)), int(np.floor(x + 0.5))
        inside = 0 <= row < self.labels.shape[0] and 0 <= column < self.labels.shape[1]
        return int(self.labels[row, column]) if inside else 0

    def set_class(self, labels: int | Iterable[int], number: int) -> Change:
        """Give nuclei a class; 0 is unknown."""
        kind = self._kind(number)
        return self._say("set class", labels, kind=kind, source=Provenance.HUMAN, state=ReviewState.ACCEPTED)

    def delete(self, labels: int | Iterable[int]) -> Change:
        """Remove nuclei."""
        return self._do(shapes.deleted(self.image, self.labels, self.rows, self._known(labels)))

    def undo(self) -> Change | None:
        """Take back the annotator's last command that wasn't yet; None where there is none."""
        return self._take_back(self._history.undoable)

    def redo(self) -> Change | None:
        """Do again what was taken back last; None where there is none."""
        return self._take_back(self._history.redoable)

    def refresh(self) -> list[Change]:
        """Take in what was written since, by others as well."""
        changes = []
        for line in self.project.lines(self.image, after=self._seen):
            changes.append(self._take_in(self.project.edit(line.number), line))
            self._seen = line.number
            self._remember(line)
        for change in changes:
            self.changed.emit(change)
        return changes

    def _load(self) -> None:
        with self.project.reading():
            lines = self.project.lines(self.image)
            self.labels = self.project.labels(self.image)
            rows = self.project.rows(self.image)
        boxes = boxes_of(self.labels, np.array([row.label for row in rows], np.int32))
        self.rows = NucleusTable(rows, boxes, len(self.project.class_ids))
        self._numbers = {kind: number for number, kind in enumerate(self.project.class_ids, 1)}
        self.classes = self._class_map()
        self._history = History()
        for line in lines:
            self._remember(line)
        self._seen = lines[-1].number if lines else 0

    def _class_map(self) -> NDArray[np.uint8]:
        known = np.sort(self.rows.columns[["label", "kind"]], order="label")
        numbers = np.array([0, *(self._number(kind) for kind in known["kind"].tolist())], np.uint8)
        owner = np.where(self.labels > 0, np.searchsorted(known["label"], self.labels) + 1, 0)
        return numbers[owner]

    def _number(self, kind: int) -> int:
        return self._numbers.get(kind, UNKNOWN)

    def _kind(self, number: int) -> int:
        if not 0 <= number <= len(self._numbers):
            raise NucleusError(f"Expected a class from 0 to {len(self._numbers)}, got {number}. Choose one of those.")
        return (0, *self._numbers)[number]

    def _known(self, labels: int | Iterable[int]) -> list[int]:
        wanted = [labels] if isinstance(labels, int | np.integer) else labels
        known = [int(label) for label in dict.fromkeys(wanted) if label in self.rows]
        if not known:
            raise NucleusError("Expected a nucleus, got none. Point at one, or choose some.")
        return known

    def _say(self, action: str, labels: int | Iterable[int], **values: object) -> Change:
        return self._do(said(self.image, action, (self.rows[label] for label in self._known(labels)), **values))

    def _do(self, edit: Edit, undoes: int | None = None) -> Change:
        """Write an edit, then show what is written."""
        try:
            self.project.apply(edit, self.annotator, undoes=undoes)
        except Overtaken:
            self.refresh()
            raise
        return self.refresh()[-1]

    def _take_back(self, line: int | None) -> Change | None:
        if line is None:
            return None
        try:
            return self._do(self.project.edit(line).undone(), undoes=line)
        except Overtaken:
            self._history.drop(line)  # else it would bar the way to those before it
            raise

    def _remember(self, line: Line) -> None:
        if line.annotator == self.annotator:
            self._history.add(line)
        elif line.undoes is not None:
            self._history.drop(line.undoes)

    def _take_in(self, edit: Edit, line: Line) -> Change:
        """Bring labels, table and class map in line with an edit."""
        rows = {row.label: row for row in (*edit.rows_before, *edit.rows_after)}
        places = [self.rows.box(label) for label in rows if label in self.rows]
        boxes: Mapping[int, Box] = {}
        if edit.box is not None:
            places.append(edit.box)
            boxes = self._paint(edit)
        self.rows.replace(edit.rows_before, edit.rows_after, boxes)
        for row in edit.rows_after:
            place = window(self.rows.box(row.label))
            self.classes[place][self.labels[place] == row.label] = self._number(row.kind)
        return Change(line.action, line.annotator, tuple(rows), around(places))

    def _paint(self, edit: Edit) -> dict[int, Box]:
        """Change labels; the new boxes of the nuclei that are there then."""
        assert edit.box is not None
        assert edit.pixels_before is not None
        assert edit.pixels_after is not None
        place = window(edit.box)
        changed = edit.pixels_before != edit.pixels_after
        self.labels[place][changed] = edit.pixels_after[changed]
        self.classes[place][changed & (edit.pixels_after == 0)] = 0
        ids = sorted(row.label for row in edit.rows_after)
        within = around([edit.box, *(self.rows.box(label) for label in ids if label in self.rows)])
        there = self.labels[window(within)]
        boxes = boxes_of(np.where(np.isin(there, ids), there, 0), np.array(ids, np.int32)) + (within[:2] * 2)
        return {label: tuple(box) for label, box in zip(ids, boxes.tolist(), strict=True)}
