"""What a copy of a project calls things, in the words of the project that it is merged into."""

from __future__ import annotations

from collections.abc import Mapping

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
    """Ids of classes: those from before the classes went apart are the same, others go by their names.

    Parameters
    ----------
    project, copy : Project
    ours : mapping
        Lines of the project by uid.
    """

    def __init__(self, project: Project, copy: Project, ours: Mapping[str, Line]) -> None:
        self._project, self._theirs = project, {one.id: one for one in copy.classes}
        lines = [line for line in copy.lines() if line.image is None]
        apart = next((line for line in lines if line.uid not in ours or not ours[line.uid].applied), None)
        edit = None if apart is None else copy.edit(apart.number)
        common = edit.before if isinstance(edit, SchemeEdit) else copy.classes
        self._ids = {one.id: one.id for one in common}
        self._annotator = apart.annotator if apart is not None else ""

    def follow(self, edit: SchemeEdit) -> None:
        """An edit of the copy was made here, too."""
        self._ids |= {one.id: one.id for one in edit.after}

    def row(self, row: Row) -> Row:
        """A row of the copy, with our id of its class; probabilities of classes that we have other ids for are lost."""
        same = all(self._ids.get(kind) == kind for kind in range(1, 1 + len(row.probabilities or ())))
        kind = row.kind and self._id(row.kind)
        return row._replace(kind=kind) if same else row._replace(kind=kind, probabilities=None)

    def _id(self, kind: int) -> int:
        if kind not in self._theirs:
            return 0  # its addition was taken back
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
    """Labels of an image: what the copy gave to a new nucleus may be another's here, or somebody's soon.

    Parameters
    ----------
    project : Project
    image : int
        In the project.
    """

    def __init__(self, project: Project, image: int) -> None:
        self._project, self._image = project, image
        self._other: dict[int, int] = {}
        self._seen: set[int] = set()

    def recall(self, theirs: Edit, ours: Edit) -> None:
        """A correction that both have: its new nuclei are the same ones."""
        self._other |= dict(zip(_born(theirs), _born(ours), strict=True))
        self._see(theirs)

    def bear(self, edit: Edit) -> None:
        """A correction of the copy is to be made: its new nuclei get labels here. Those that come back have theirs."""
        for label in _born(edit):
            if label in self._seen:
                continue
            first = next_label(self._project.base, self._image)
            if label < first:
                self._other[label] = take_labels(self._project.base, self._image, 1)[0]
            else:
                take_labels(self._project.base, self._image, label + 1 - first)
        self._see(edit)

    def _see(self, edit: Edit) -> None:
        self._seen |= {row.label for row in (*edit.rows_before, *edit.rows_after)}

    def label(self, label: int) -> int:
        """Our label of a nucleus."""
        return self._other.get(label, label)

    def pixels(self, labels: NDArray[np.int32]) -> NDArray[np.int32]:
        """Our labels of pixels."""
        other = labels.copy()
        for label in np.unique(labels).tolist():
            if self.label(label) != label:
                other[labels == label] = self.label(label)
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


def _born(edit: Edit) -> list[int]:
    """Nuclei that weren't there before."""
    former = {row.label for row in edit.rows_before}
    return [row.label for row in edit.rows_after if row.label not in former]
