"""The picture of what was found, missed and invented, drawn anew only where something changed."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_nucleus.evaluation import Matching

Box = tuple[slice, slice]


class Outcome(IntEnum):
    """What became of a nucleus."""

    FOUND = 1
    MISSED = 2
    EXTRA = 3
    WRONG_CLASS = 4


def outcomes(found: Matching) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Outcome of each true, (T,), and of each predicted nucleus, (P,).

    A nucleus has the wrong class where that of its true partner is known and another.
    """
    true = np.where(found.true_partner < 0, Outcome.MISSED, Outcome.FOUND)
    partner = found.pred_partner
    kinds = found.true.types[partner] if len(found.true) else np.zeros(len(partner), np.int64)
    wrong = (kinds > 0) & (kinds != found.pred.types)
    pred = np.where(partner < 0, Outcome.EXTRA, np.where(wrong, Outcome.WRONG_CLASS, Outcome.FOUND))
    return true.astype(np.uint8), pred.astype(np.uint8)


def changed_box(old: NDArray, new: NDArray, within: Box | None = None) -> Box | None:
    """The smallest box around the pixels in which two planes differ; None where they are the same.

    Parameters
    ----------
    old, new : (H, W)
    within : (slice, slice), optional
        Where to look; everywhere by default.
    """
    window = within or (slice(0, old.shape[0]), slice(0, old.shape[1]))
    differs = old[window] != new[window]
    rows = np.flatnonzero(differs.any(1))
    if not len(rows):
        return None
    columns = np.flatnonzero(differs[rows[0] : rows[-1] + 1].any(0))
    top, left = (part.start or 0 for part in window)
    down = slice(top + int(rows[0]), top + int(rows[-1]) + 1)
    return down, slice(left + int(columns[0]), left + int(columns[-1]) + 1)


def outcome_of(number: int) -> Outcome:
    """The outcome that a number of the picture stands for: they come by turns."""
    return Outcome((number - 1) % len(Outcome) + 1)


class ErrorMap:
    """The picture of a comparison.

    Predicted nuclei are drawn by their outcome; of true ones, what was missed and isn't covered by a prediction.

    Parameters
    ----------
    truth, prediction : (H, W) int32
        Kept, not copied: ``prediction`` is to be edited before `update`.
    found : Matching

    Attributes
    ----------
    picture : (H, W) int32
        Each nucleus has a number of its own, so that all have an outline; `outcome_of` tells what it stands for. 0 is
        nothing.
    """

    def __init__(self, truth: NDArray[np.int32], prediction: NDArray[np.int32], found: Matching) -> None:
        self._truth, self._prediction = truth, prediction
        self._true_boxes = _boxes(truth, found.true.labels)
        self._pred_boxes = _boxes(prediction, found.pred.labels)
        self._codes = _codes(found)
        self.picture = np.zeros(truth.shape, np.int32)
        self._draw(found, (slice(0, truth.shape[0]), slice(0, truth.shape[1])))

    def update(self, found: Matching, edited: Box | None = None) -> Box | None:
        """Draw what differs from before.

        Parameters
        ----------
        found : Matching
            The matching of now.
        edited : (slice, slice), optional
            Where labels have changed.

        Returns
        -------
        (slice, slice) or None
            Box of everything that was drawn.
        """
        boxes = [] if edited is None else [edited]
        if edited is not None:
            self._stretch(edited)
        codes = _codes(found)
        for former, now, known in zip(self._codes, codes, (self._true_boxes, self._pred_boxes), strict=True):
            changed = np.unique(np.setxor1d(former, now) // _OUTCOMES)
            boxes += [known[int(label)] for label in changed if int(label) in known]
        self._codes = codes
        if not boxes:
            return None
        box = _around(boxes)
        self._draw(found, box)
        return box

    def _stretch(self, edited: Box) -> None:
        """Boxes of predicted nuclei that have pixels in an edited box; they never shrink."""
        part = self._prediction[edited]
        labels = np.unique(part[part > 0])
        for label, inside in _boxes(part, labels).items():
            moved = (_shifted(inside[0], edited[0].start), _shifted(inside[1], edited[1].start))
            self._pred_boxes[label] = _around([moved, self._pred_boxes.get(label, moved)])

    def _draw(self, found: Matching, box: Box) -> None:
        true, pred = outcomes(found)
        missed = np.where(true == Outcome.MISSED, _numbers(true, found.true.labels), 0)
        below = _looked_up(self._truth[box], found.true.labels, missed)
        above = _looked_up(self._prediction[box], found.pred.labels, _numbers(pred, found.pred.labels))
        self.picture[box] = np.where(above > 0, above, below)


_OUTCOMES = max(Outcome) + 1
_LARGEST = 2**28


def _codes(found: Matching) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Label and outcome of each nucleus as one number."""
    true, pred = outcomes(found)
    return found.true.labels.astype(np.int64) * _OUTCOMES + true, found.pred.labels.astype(np.int64) * _OUTCOMES + pred


def _numbers(kinds: NDArray[np.uint8], labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """The number that each nucleus has in the picture; in the order of the labels, by which napari draws outlines."""
    return kinds + len(Outcome) * (labels % _LARGEST)


def _looked_up(plane: NDArray[np.int32], labels: NDArray[np.int32], values: NDArray[np.int32]) -> NDArray[np.int32]:
    """The value of each pixel's nucleus; 0 on background."""
    drawn = np.zeros(plane.shape, np.int32)
    inside = plane > 0
    drawn[inside] = values[np.searchsorted(labels, plane[inside])]
    return drawn


def _boxes(plane: NDArray[np.int32], labels: NDArray[np.int32]) -> dict[int, Box]:
    """Bounding box of each nucleus."""
    ranks = np.zeros(plane.shape, np.int32)
    inside = plane > 0
    ranks[inside] = np.searchsorted(labels, plane[inside]) + 1
    return dict(zip(labels.tolist(), ndimage.find_objects(ranks, len(labels)), strict=True)) if len(labels) else {}


def _around(boxes: list[Box]) -> Box:
    down, across = ([box[axis] for box in boxes] for axis in (0, 1))
    return _hull(down), _hull(across)


def _hull(parts: list[slice]) -> slice:
    return slice(min(part.start for part in parts), max(part.stop for part in parts))


def _shifted(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)
