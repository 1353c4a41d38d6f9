"""The review of an image that is being corrected: what the journal says is what the queue knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.correct import Workbench
from napari_nucleus.app.review import Doubt, Evidence, Learned, ReviewItems, ReviewSession
from napari_nucleus.project import Provenance, ReviewState
from napari_nucleus.project.agreement import disputes

LEARNER = "learner"
"""Who stands in the journal for what was learnt: a person's undo passes it by."""

_DECIDED = (ReviewState.ACCEPTED, ReviewState.REJECTED)


def review_items(bench: Workbench, mpp: float) -> ReviewItems:
    """The nuclei of a workbench as a review takes them; where no probabilities are known, all classes are as likely."""
    columns = bench.rows.columns
    columns = columns[np.argsort(columns["label"])]
    n_classes = max(len(bench.project.scheme), 1)
    p = np.nan_to_num(columns["probabilities"].astype(np.float64)).clip(0)
    total = p.sum(1, keepdims=True)
    p = np.where(total > 0, p / np.where(total > 0, total, 1), 1 / n_classes)
    y, x = columns["y"] * mpp, columns["x"] * mpp
    image = np.full(len(columns), bench.image, np.int64)
    return ReviewItems(image, columns["label"].copy(), y, x, columns["number"].astype(np.int64), p)


class Among(StrEnum):
    """Which nuclei the queue visits, by what was said of them."""

    ALL = "all"
    MODEL = "said by the model"
    RELABEL = "said by cross-relabelling"
    FLAGGED = "flagged"
    DISPUTED = "annotators disagree"


_SAID_BY = {Among.MODEL: Provenance.MODEL, Among.RELABEL: Provenance.RELABEL}


class Following:
    """Keeps a `ReviewSession` in line with a workbench, whoever corrects: a key, undo, a lesson, somebody else.

    Parameters
    ----------
    bench : Workbench
    features : (N, D) float, optional
        Of the nuclei by rising label; without them nothing is learnt.
    order : Doubt
    clock : callable
        Seconds.

    Attributes
    ----------
    session : ReviewSession
    mpp : float
        Pixel size in µm.
    can_learn : bool
        There are features to learn from.
    disputed : frozenset of int
        Nuclei that are to be adjudicated.
    """

    def __init__(
        self,
        bench: Workbench,
        features: NDArray[np.floating] | None = None,
        evidence: Evidence | None = None,
        order: Doubt = Doubt.MISTAKE,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.bench = bench
        self.can_learn = features is not None
        self.disputed: frozenset[int] = frozenset()
        self.mpp = bench.project.image(bench.image).mpp
        items = review_items(bench, self.mpp)
        self.session = ReviewSession(items, features, evidence=evidence, order=order, clock=clock)
        self._row = {label: row for row, label in enumerate(items.label.tolist())}
        self._take_over(self._row)

    def row_of(self, label: int) -> int | None:
        """Row of a nucleus in the review; None for one that came later."""
        return self._row.get(label)

    def among(self, which: Among) -> NDArray[np.bool_] | None:
        """Nuclei (N,) of a kind; those that annotators don't agree about are to be decided again. None: all."""
        if which is Among.ALL:
            return None
        if which is Among.DISPUTED:
            found = disputes(self.bench.project)
            self.disputed = frozenset(one.label for one in found if one.image == self.bench.image) & self._row.keys()
            rows = [self._row[label] for label in self.disputed]
            self.session.queue.reopen(rows, self._classes(rows))
            return self._mask(self.disputed)
        name, value = ("state", ReviewState.FLAGGED) if which is Among.FLAGGED else ("source", _SAID_BY[which])
        columns = self.bench.rows.columns
        return self._mask(columns["label"][columns[name] == value].tolist())

    def follow(self, labels: Iterable[int]) -> None:
        """Take note of what has become of nuclei."""
        queue = self.session.queue
        labels = tuple(labels)
        self.disputed = self.disputed - frozenset(labels)
        known = [label for label in labels if label in self._row]
        gone = [self._row[label] for label in known if self._is_none(label)]
        decided = [self._row[label] for label in known if self._is_decided(label) and not self._is_none(label)]
        others = [self._row[label] for label in known if not self._is_decided(label)]
        opened = [row for row in others if queue.reviewed[row]]
        if gone:
            self.session.drop(gone)
        if decided:
            self.session.decide(decided, self._classes(decided))
        if opened:
            self.session.reopen(opened, self._classes(opened))
        if others:
            queue.classes[others] = self._classes(others)

    def take(self, learned: Learned) -> None:
        """Take over a lesson: classes of nuclei that nobody has decided on, as one correction, and the order."""
        rows = self.session.take(learned)
        labels = self.session.items.label[rows].tolist()
        classes = self.session.queue.classes[rows].tolist()
        new = {label: number for label, number in zip(labels, classes, strict=True) if self._is_untouched(label)}
        if new:
            self.bench.predict(new, LEARNER)

    def _mask(self, labels: Iterable[int]) -> NDArray[np.bool_]:
        chosen = np.zeros(len(self.session.items), bool)
        chosen[[self._row[label] for label in labels if label in self._row]] = True
        return chosen

    def _take_over(self, labels: Iterable[int]) -> None:
        """What was decided before the review began."""
        rows = [self._row[label] for label in labels if self._is_decided(label)]
        self.session.queue.reviewed[rows] = True
        self.session.drop([self._row[label] for label in labels if self._is_none(label)])

    def _is_untouched(self, label: int) -> bool:
        """Whether nobody has said anything of a nucleus; else taking that back would meet another nucleus."""
        row = self.bench.rows[label]
        return row.state == ReviewState.PROPOSED and not row.comment

    def _is_none(self, label: int) -> bool:
        """Whether it isn't there any more, or a person has said that it is no nucleus."""
        return label not in self.bench.rows or self.bench.rows[label].state == ReviewState.REJECTED

    def _is_decided(self, label: int) -> bool:
        """Whether a person has said what a nucleus is, or that it is none."""
        if label not in self.bench.rows:
            return True
        row = self.bench.rows[label]
        return row.state in _DECIDED or (row.source == Provenance.HUMAN and row.state != ReviewState.FLAGGED)

    def _classes(self, rows: list[int]) -> NDArray[np.int64]:
        """Class numbers as they stand; of a nucleus that is gone, the last."""
        known, queue = self.bench.rows, self.session.queue
        labels = self.session.items.label[rows].tolist()
        numbers = [known.number(label) if label in known else -1 for label in labels]
        return np.where(np.array(numbers) < 0, queue.classes[rows], numbers)
