"""The nuclei of one image of a project, kept in memory; every change is a command that can be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.app.correct import shapes, surgery
from napari_nucleus.app.correct.journalled import Change, Journalled
from napari_nucleus.app.correct.proposal import Proposal, propose
from napari_nucleus.app.correct.votes import Vote
from napari_nucleus.core import HoverMaps, NucleusError
from napari_nucleus.postprocess import Thresholds
from napari_nucleus.project import Edit, Project, Provenance, ReviewState, Row, SchemeEdit
from napari_nucleus.project.agreement import ADJUDICATE
from napari_nucleus.project.chunks import Box
from napari_nucleus.project.classes import active

_LABELS_AT_ONCE = 64


class Workbench(Journalled):
    """The nuclei of one image, and the commands that correct them.

    Each command is one edit: one transaction, one line of the journal, on the disk when it returns. Its cost grows with
    the nuclei that it changes, not with those that there are. A command that can't be done raises a `NucleusError` and
    changes nothing.

    Attributes
    ----------
    project : Project
    image : int
        Number of the image in the project.
    annotator : str
    """

    def __init__(self, project: Project, image: int, annotator: str) -> None:
        super().__init__(project, image, annotator)
        self._free_labels: Iterator[int] = iter(())

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

    # What is said of nuclei

    def set_class(self, labels: int | Iterable[int], number: int) -> Change:
        """Give nuclei a class; 0 is unknown."""
        kind = self._kind(number)
        return self._say("set class", labels, kind=kind, source=Provenance.HUMAN, state=ReviewState.ACCEPTED)

    def adjudicate(self, labels: int | Iterable[int], number: int) -> Change:
        """Settle what annotators don't agree about."""
        kind = self._kind(number)
        return self._say(ADJUDICATE, labels, kind=kind, source=Provenance.HUMAN, state=ReviewState.ACCEPTED)

    def predict(self, numbers: Mapping[int, int], annotator: str = "") -> Change:
        """Take over classes by label that a model says; nobody has looked at them.

        Where it is ``annotator``'s and not ours, our undo passes it by.
        """
        rows = tuple(self.rows[label] for label in self._known(numbers))
        kinds = {label: self._kind(number) for label, number in numbers.items()}
        source = str(Provenance.MODEL)
        after = tuple(row._replace(kind=kinds[row.label], source=source) for row in rows)
        return self._do(Edit(self.image, "predict", rows, after), annotator=annotator)

    def accept(self, labels: int | Iterable[int]) -> Change:
        """They are right as they are."""
        return self._say("accept", labels, state=ReviewState.ACCEPTED)

    def reject(self, labels: int | Iterable[int]) -> Change:
        """They are no nuclei, or useless; they stay visible, but nothing is learnt from them."""
        return self._say("reject", labels, state=ReviewState.REJECTED)

    def flag(self, labels: int | Iterable[int]) -> Change:
        """Somebody should look at them again."""
        return self._say("flag", labels, state=ReviewState.FLAGGED)

    def comment(self, labels: int | Iterable[int], text: str) -> Change:
        """Write something to them, in place of what was written; empty text takes it away."""
        return self._say("comment", labels, comment=text)

    # Where nuclei are

    def delete(self, labels: int | Iterable[int]) -> Change:
        """Remove nuclei."""
        return self._do(shapes.deleted(self.image, self._memory, self._known(labels)))

    def merge(self, labels: Iterable[int]) -> Change:
        """Make one of nuclei that lie side by side; it has the label and the class of the largest."""
        return self._do(shapes.merged(self.image, self._memory, self._known(labels)))

    def split(self, label: int, line: ArrayLike | None = None) -> Change:
        """Part a nucleus along a line (N, 2) of y, x, or at its waist; its largest part keeps the label."""
        points = None if line is None else np.asarray(line, np.float64).reshape(-1, 2)
        (known,) = self._known(label)
        return self._do(shapes.split(self.image, self._memory, known, self._new_label, points))

    def draw(self, box: Box, pixels: NDArray[np.bool_], number: int) -> Change:
        """Add a nucleus of a class: pixels (height, width) of a box, as far as they are background."""
        kind = self._kind(number)
        return self._do(shapes.drawn(self.image, self._memory, box, pixels, kind, self._new_label))

    def extend(self, label: int, box: Box, pixels: NDArray[np.bool_]) -> Change:
        """Add painted background to a nucleus, as far as it hangs together with it."""
        (known,) = self._known(label)
        return self._do(shapes.extended(self.image, self._memory, known, box, pixels))

    def erase(self, box: Box, pixels: NDArray[np.bool_]) -> Change:
        """Make painted pixels background; a nucleus that falls into pieces becomes several."""
        return self._do(shapes.erased(self.image, self._memory, box, pixels, self._new_label))

    def fill_holes(self, labels: int | Iterable[int]) -> Change:
        """Fill the holes in nuclei."""
        return self._do(shapes.filled(self.image, self._memory, self._known(labels)))

    def smooth(self, labels: int | Iterable[int]) -> Change:
        """Smooth the rims of nuclei."""
        return self._do(shapes.smoothed(self.image, self._memory, self._known(labels)))

    def propose(self, y: float, x: float, maps: HoverMaps) -> Proposal:
        """The outline of a nucleus that was missed at a place; nothing is changed before `add`."""
        return propose((y, x), self.labels, maps, len(active(self._classes)))

    def add(self, proposal: Proposal) -> Change:
        """Add what was proposed, with the class of the vote."""
        row = self._born((proposal.number, proposal.probabilities))
        return self._do(shapes.added(self.image, self._memory, proposal.box, proposal.pixels, row))

    def repaint(
        self,
        box: Box,
        pixels: NDArray[np.bool_],
        more: bool,
        maps: HoverMaps,
        thresholds: Thresholds | None = None,
    ) -> Change:
        """Paint pixels of a box into NP, as nucleus (``more``) or background, and run the watershed around them."""
        types = maps.type_prob
        if types is not None and len(types) != 1 + len(active(self._classes)):
            maps = HoverMaps(maps.np_prob, maps.hv, mpp=maps.mpp)  # of other classes
        at = thresholds or Thresholds()
        return self._do(surgery.operated(self.image, self._memory, box, pixels, more, maps, self._born, at))

    # The classes themselves, and what was done

    def edit_scheme(self, edit: SchemeEdit) -> Change:
        """Change the project's classes: an edit by `napari_nucleus.project.scheme_edits`."""
        return self._do(edit)

    def _say(self, action: str, labels: int | Iterable[int], **values: Any) -> Change:
        said: dict[str, Any] = {name: str(value) if isinstance(value, str) else value for name, value in values.items()}
        before = tuple(self.rows[label] for label in self._known(labels))
        return self._do(Edit(self.image, action, before, tuple(row._replace(**said) for row in before)))

    def _known(self, labels: int | Iterable[int]) -> list[int]:
        wanted = [labels] if isinstance(labels, int | np.integer) else labels
        known = [int(label) for label in dict.fromkeys(wanted) if label in self.rows]
        if not known:
            raise NucleusError("Expected a nucleus, got none. Point at one, or choose some.")
        return known

    def _kind(self, number: int) -> int:
        known = active(self._classes)
        if not 0 <= number <= len(known):
            raise NucleusError(f"Expected a class from 0 to {len(known)}, got {number}. Choose one of those.")
        return known[number - 1].id if number else 0

    def _born(self, said: Vote) -> Row:
        """A new nucleus, of the class of a vote."""
        number, chances = said
        by_id = [0.0] * max(one.id for one in self._classes)
        for one, chance in zip(active(self._classes), chances or (), strict=False):
            by_id[one.id - 1] = chance
        return shapes.new_row(self._new_label(), self._kind(number), tuple(by_id) if chances else None)

    def _new_label(self) -> int:
        label = next(self._free_labels, None)
        if label is None:
            self._free_labels = iter(self.project.take_labels(self.image, _LABELS_AT_ONCE))
            label = next(self._free_labels)
        return label
