"""What a copy of a project calls things, in the words of the project that it is merged into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.project.changes import make
from napari_nucleus.project.chunks import read_box, write_box
from napari_nucleus.project.edit import Edit, SchemeEdit
from napari_nucleus.project.images import ImageEntry, insert_image, next_label, stored_path, take_labels
from napari_nucleus.project.journal import Line, add_entry, new_line
from napari_nucleus.project.nuclei import Row, write_rows
from napari_nucleus.project.project import Project
from napari_nucleus.project.scheme_edits import added


class ClassNames:
    """Ids of classes: those from before the copy was made are the same, new ones go by their names.

    Parameters
    ----------
    project, copy : Project
    new : sequence of Line
        Of the copy, that the project hasn't.
    """

    def __init__(self, project: Project, copy: Project, new: Sequence[Line]) -> None:
        self._project, self._theirs = project, {one.id: one for one in copy.classes}
        edits = [copy.edit(line.number) for line in new if line.image is None]
        common = edits[0].before if edits and isinstance(edits[0], SchemeEdit) else copy.classes
        self._ids = {one.id: one.id for one in common}
        self._annotator = new[-1].annotator if new else ""

    def follow(self, edit: SchemeEdit) -> None:
        """An edit of the copy was made here, too."""
        self._ids |= {one.id: one.id for one in edit.after}

    def row(self, row: Row) -> Row:
        """A row of the copy, with our id of its class; probabilities of classes that we have other ids for are lost."""
        same = all(self._ids.get(kind) == kind for kind in range(1, 1 + len(row.probabilities or ())))
        kind = row.kind and self._id(row.kind)
        return row._replace(kind=kind) if same else row._replace(kind=kind, probabilities=None)

    def _id(self, kind: int) -> int:
        if kind not in self._ids:
            one = self._theirs[kind]
            ours = next((c.id for c in self._project.classes if c.name == one.name), None)
            self._ids[kind] = self._added(one.name, one.color) if ours is None else ours
        return self._ids[kind]

    def _added(self, name: str, color: str) -> int:
        edit = added(self._project.classes, name, color)
        make(self._project.base, edit)
        add_entry(self._project.base, edit, new_line(edit, self._annotator))
        return edit.after[-1].id


class LabelNames:
    """Labels of an image: where both have given the same to a new nucleus, the copy's gets another.

    Parameters
    ----------
    project : Project
    image : int
        In the project.
    lines : sequence of Line
        Of the project, that the copy hasn't.
    """

    def __init__(self, project: Project, image: int, lines: Sequence[Line]) -> None:
        self._project, self._image, self._other = project, image, dict[int, int]()
        self._born = {row.label for line in lines if line.image == image for row in _born(project.edit(line.number))}

    def bear(self, labels: Iterable[int]) -> None:
        """New nuclei of the copy."""
        base = self._project.base
        for label in labels:
            if label in self._born:
                self._other[label] = take_labels(base, self._image, 1)[0]
            else:
                take_labels(base, self._image, max(0, label + 1 - next_label(base, self._image)))
            self._born.add(self.label(label))

    def label(self, label: int) -> int:
        """Our label of a nucleus."""
        return self._other.get(label, label)

    def pixels(self, labels: NDArray[np.int32]) -> NDArray[np.int32]:
        """Our labels of pixels."""
        other = labels.copy()
        for theirs, ours in self._other.items():
            other[labels == theirs] = ours
        return other


def copied_image(project: Project, copy: Project, image: ImageEntry, classes: ClassNames) -> int:
    """Add an image that only the copy has, as it is there; returns its number."""
    path = stored_path(image.path, project.folder)
    following = next_label(copy.base, image.id)
    number = insert_image(project.base, image._replace(path=path), following)
    box = (0, 0, *image.shape)
    write_box(project.base, number, box, read_box(copy.base, image.id, box))
    write_rows(project.base, number, (classes.row(row) for row in copy.rows(image.id)))
    return number


def _born(edit: Edit | SchemeEdit) -> list[Row]:
    if isinstance(edit, SchemeEdit):
        return []
    former = {row.label for row in edit.rows_before}
    return [row for row in edit.rows_after if row.label not in former]
