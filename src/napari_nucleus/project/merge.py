"""Two copies of a project, each corrected by somebody else, as one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from napari_nucleus.core import NucleusError
from napari_nucleus.project import changes
from napari_nucleus.project.edit import Edit, SchemeEdit
from napari_nucleus.project.journal import Line, add_entry
from napari_nucleus.project.merge_names import ClassNames, LabelNames, copied_image
from napari_nucleus.project.nuclei import Row
from napari_nucleus.project.project import Project


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What has come of a merge.

    Attributes
    ----------
    taken : int
        Corrections of the copy that were made.
    set_aside : tuple of Line
        Those that contradict what was here. They are in the journal, and nothing else has changed for them.
    images : tuple of str
        That only the copy had.
    """

    taken: int
    set_aside: tuple[Line, ...]
    images: tuple[str, ...]


def merge_copy(project: Project, copy: Project) -> MergeReport:
    """Make the corrections of a copy in a project, in their order: all at once, or none of them.

    Corrections of different nuclei go together, and so do those of different things about one, such as its class and
    its comment. Where both have changed the same, what is here stays, and the other's correction is set aside. Merging
    the same copy again takes only what is new in it.

    Parameters
    ----------
    project : Project
    copy : Project
        Of the same project: its folder was copied. It isn't changed.

    Raises
    ------
    NucleusError
        It is no copy of this project, or can't be written.
    """
    if _uid(project) != _uid(copy):
        raise NucleusError(
            f"Expected a copy of this project, got another project. Copy a project's folder to share it: {copy.folder}"
        )
    with copy.reading(), project.writing():
        return _Merge(project, copy).run()


class _Merge:
    """One merge, in a transaction of both."""

    def __init__(self, project: Project, copy: Project) -> None:
        self.project, self.copy = project, copy
        ours = {line.uid: line for line in project.lines()}
        self._new = [line for line in copy.lines() if line.uid not in ours]
        self._number = {line.number: ours[line.uid].number for line in copy.lines() if line.uid in ours}
        self._taken = {line.number for line in ours.values() if line.applied}
        self._classes = ClassNames(project, copy, ours)
        here = {image.name: image.id for image in project.images()}
        self._added = tuple(image for image in copy.images() if image.name not in here)
        added = {image.id: copied_image(project, copy, image, self._classes) for image in self._added}
        self._images = {image.id: here.get(image.name, added.get(image.id, 0)) for image in copy.images()}
        self._labels = {image: LabelNames(project, number) for image, number in self._images.items()}
        for theirs, number in self._number.items():
            self._recall(copy.edit(theirs), project.edit(number))

    def _recall(self, theirs: Edit | SchemeEdit, ours: Edit | SchemeEdit) -> None:
        if isinstance(theirs, Edit) and isinstance(ours, Edit):
            self._labels[theirs.image].recall(theirs, ours)

    def run(self) -> MergeReport:
        aside = []
        for line in self._new:
            applied = self._take(line, self.copy.edit(line.number))
            if not applied:
                aside.append(line)
        return MergeReport(len(self._new) - len(aside), tuple(aside), tuple(image.name for image in self._added))

    def _take(self, line: Line, edit: Edit | SchemeEdit) -> bool:
        """Make a correction, or set it aside; whether it was made."""
        undoes = None if line.undoes is None else self._number[line.undoes]
        possible = line.applied and (undoes is None or undoes in self._taken)
        ours = edit if isinstance(edit, SchemeEdit) else self._in_our_names(edit)
        made: Edit | SchemeEdit | None = None
        if isinstance(edit, Edit) and self._is_added(edit):
            made = ours if possible else None  # the image was copied as it is, with this in it
        elif possible:
            made = self._made(ours)
        if isinstance(edit, SchemeEdit) and made is not None:
            self._classes.follow(edit)
        image = ours.image if isinstance(ours, Edit) else None
        written = line._replace(image=image, undoes=undoes, applied=made is not None)
        number = add_entry(self.project.base, made or ours, written)
        self._number[line.number] = number
        if made is not None:
            self._taken.add(number)
        return made is not None

    def _is_added(self, edit: Edit) -> bool:
        return any(image.id == edit.image for image in self._added)

    def _made(self, edit: Edit | SchemeEdit) -> Edit | SchemeEdit | None:
        """The correction that was made of it; None where it contradicts what is here."""
        base = self.project.base
        base.execute("SAVEPOINT line")
        with suppress(changes.OvertakenError):
            fitting = edit if isinstance(edit, SchemeEdit) else self._fitting(edit)
            changes.make(base, fitting)
            base.execute("RELEASE line")
            return fitting
        base.execute("ROLLBACK TO line")
        base.execute("RELEASE line")
        return None

    def _fitting(self, edit: Edit) -> Edit:
        """With rows as they are here, and what the correction changes about them."""
        now = {row.label: row for row in self.project.rows(edit.image, [row.label for row in edit.rows_before])}
        after = {row.label: row for row in edit.rows_after}
        before, changed = [], []
        for row in edit.rows_before:
            here = now.get(row.label)
            if here is None or (row.label not in after and here != row):
                raise changes.OvertakenError
            before.append(here)
            if row.label in after:
                changed.append(_combined(here, row, after.pop(row.label)))
        rows = tuple(before), (*changed, *after.values())
        return Edit(edit.image, edit.action, *rows, edit.box, edit.pixels_before, edit.pixels_after)

    def _in_our_names(self, edit: Edit) -> Edit:
        """With our numbers of the image, of classes and of nuclei that are new on both sides."""
        number, labels = self._images[edit.image], self._labels[edit.image]
        if not self._is_added(edit):
            labels.bear(edit)
        before, after = (tuple(self._row(row, labels) for row in side) for side in (edit.rows_before, edit.rows_after))
        old, new = (None if side is None else labels.pixels(side) for side in (edit.pixels_before, edit.pixels_after))
        return Edit(number, edit.action, before, after, edit.box, old, new)

    def _row(self, row: Row, labels: LabelNames) -> Row:
        return self._classes.row(row)._replace(label=labels.label(row.label))


def _combined(here: Row, before: Row, after: Row) -> Row:
    """What is here, with what somebody changed elsewhere about the same nucleus."""
    if _shape(before) not in (_shape(here), _shape(after)):  # drawn anew on both sides: neither outline is the sum
        raise changes.OvertakenError
    changed = {name: new for name, new in after._asdict().items() if new != getattr(before, name)}
    if any(getattr(here, name) not in (getattr(before, name), new) for name, new in changed.items()):
        raise changes.OvertakenError
    return here._replace(**changed)


def _shape(row: Row) -> tuple[float, float, int]:
    return row.y, row.x, row.area


def _uid(project: Project) -> str:
    (uid,) = project.base.execute("SELECT value FROM about WHERE key = 'uid'").fetchone()
    return str(uid)
