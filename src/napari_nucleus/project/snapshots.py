"""States of a project that were given a name, and the way back to them."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.project.edit import Edit, SchemeEdit
from napari_nucleus.project.journal import now
from napari_nucleus.project.nuclei import Row
from napari_nucleus.project.project import Project


class Snapshot(NamedTuple):
    """A state with a name: that after a line of the journal. It takes no space; the journal has it all."""

    name: str
    time: str
    annotator: str
    line: int


def take_snapshot(project: Project, name: str, annotator: str) -> Snapshot:
    """Give the state of now a name.

    Raises
    ------
    NucleusError
        The name is empty or taken.
    """
    with project.writing():
        if not name.strip() or _find(project.base, name):
            raise NucleusError(f"Expected a new name for the snapshot, got {name!r}. Choose another.")
        (line,) = project.base.execute("SELECT coalesce(max(id), 0) FROM journal").fetchone()
        snapshot = Snapshot(name, now(), annotator, line)
        project.base.execute("INSERT INTO snapshot VALUES (?, ?, ?, ?)", snapshot)
    return snapshot


def snapshots(project: Project) -> list[Snapshot]:
    """All of them, the oldest first."""
    found = project.base.execute("SELECT name, time, annotator, line FROM snapshot ORDER BY line, time")
    return [Snapshot(*values) for values in found]


def nuclei_at(project: Project, image: int, name: str) -> NucleusMap:
    """An image's nuclei as they were, with the names that their classes have today.

    Raises
    ------
    NucleusError
        There is no such snapshot or image.
    """
    with project.reading():
        labels, rows = _state_at(project, image, _known(project, name).line)
        return project.nuclei_of(image, labels, rows)


def restore(project: Project, name: str, annotator: str) -> int:
    """Go back to a snapshot, with all images and classes: one correction an image, which can be taken back.

    Returns
    -------
    int
        How many corrections that took.

    Raises
    ------
    NucleusError
        There is no such snapshot, or it can't be written.
    """
    snapshot = _known(project, name)
    ways = (_scheme_back(project, snapshot), *(_way_back(project, image.id, snapshot) for image in project.images()))
    edits = [edit for edit in ways if edit is not None]
    for edit in edits:
        project.apply(edit, annotator)
    return len(edits)


def _way_back(project: Project, image: int, snapshot: Snapshot) -> Edit | None:
    """The correction that makes an image what it was; None where it is."""
    with project.reading():
        labels, rows = project.labels(image), {row.label: row for row in project.rows(image)}
        former, former_rows = _state_at(project, image, snapshot.line)
    then = {row.label: row for row in former_rows}
    changed = [label for label in {**rows, **then} if rows.get(label) != then.get(label)]
    before = tuple(rows[label] for label in changed if label in rows)
    after = tuple(then[label] for label in changed if label in then)
    y, x = np.nonzero(labels != former)
    action = f"restore {snapshot.name}"
    if not len(y):
        return Edit(image, action, before, after) if changed else None
    box = int(y.min()), int(x.min()), int(y.max()) + 1, int(x.max()) + 1
    place = np.s_[box[0] : box[2], box[1] : box[3]]
    return Edit(image, action, before, after, box, labels[place], former[place])


def _scheme_back(project: Project, snapshot: Snapshot) -> SchemeEdit | None:
    edits = [project.edit(line.number) for line in project.lines(after=snapshot.line) if line.image is None]
    schemes = [edit for edit in edits if isinstance(edit, SchemeEdit)]
    if not schemes or sorted(schemes[0].before) == sorted(project.classes):
        return None
    return SchemeEdit(f"restore {snapshot.name}", project.classes, schemes[0].before)


def _state_at(project: Project, image: int, line: int) -> tuple[NDArray[np.int32], list[Row]]:
    """Labels and rows as they were after a line: today's, with everything since taken back."""
    labels, rows = project.labels(image), {row.label: row for row in project.rows(image)}
    for later in reversed(project.lines(image, after=line)):
        edit = project.edit(later.number)
        if later.applied and isinstance(edit, Edit):
            take_back(edit, labels, rows)
    return labels, [rows[label] for label in sorted(rows)]


def take_back(edit: Edit, labels: NDArray[np.int32], rows: dict[int, Row]) -> None:
    """Undo an edit in memory."""
    for row in edit.rows_after:
        del rows[row.label]
    rows |= {row.label: row for row in edit.rows_before}
    if edit.box is not None and edit.pixels_before is not None and edit.pixels_after is not None:
        changed = edit.pixels_before != edit.pixels_after
        labels[edit.box[0] : edit.box[2], edit.box[1] : edit.box[3]][changed] = edit.pixels_before[changed]


def _find(base: sqlite3.Connection, name: str) -> Snapshot | None:
    found = base.execute("SELECT name, time, annotator, line FROM snapshot WHERE name = ?", (name,)).fetchone()
    return None if found is None else Snapshot(*found)


def _known(project: Project, name: str) -> Snapshot:
    found = _find(project.base, name)
    if found is None:
        names = ", ".join(one.name for one in snapshots(project)) or "none"
        raise NucleusError(f"Expected a snapshot ({names}), got {name!r}. Choose one of those, or take it first.")
    return found
