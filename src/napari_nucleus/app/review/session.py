"""A review: its queue, what is learnt from it, and when it may end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal

from napari_nucleus.app.review.background import BackgroundLearner
from napari_nucleus.app.review.doubt import Doubt, Evidence, atypicality, doubt, mistake
from napari_nucleus.app.review.items import ReviewItems
from napari_nucleus.app.review.learner import Learned, Learner
from napari_nucleus.app.review.queue import ReviewQueue
from napari_nucleus.app.review.stopping import RemainingError, Stopping

EVERY = 20
"""Decisions after which the classifier is taught anew."""

AUDIT = 0.1
"""Share of nuclei that come by chance."""


class Advice(NamedTuple):
    """How many more reviews bring the share of wrong labels below a target, before anything is learnt from them.

    Attributes
    ----------
    target : float
    reviews : int or None
        By expectation; None: all that are left.
    surely : int or None
        By the upper limit of the 95 % interval.
    seconds : float or None
        That ``reviews`` take; None before the pace is known.
    """

    target: float
    reviews: int | None
    surely: int | None
    seconds: float | None

    @property
    def text(self) -> str:
        """For a person."""
        goal = f"under {self.target:.0%} wrong"
        if self.surely == 0:
            return f"{goal}, surely: you may stop"
        sure = "all that are left" if self.surely is None else f"{self.surely:,}"
        if self.reviews == 0:
            return f"probably {goal}: you may stop, or review {sure} more to be sure"
        more = "all that are left" if self.reviews is None else f"{self.reviews:,} more"
        return f"review {more} to be {goal} ({sure} to be sure)"


class ReviewSession:
    """Puts the parts together: each decision is noted; after every few the classes of all others are learnt anew.

    A decision is what a person has said: no learning ever changes it. Classes of other nuclei change only by what
    `take` is given, which tells which they are, so that the caller can write them as one correction that can be undone.
    Without learning, lessons still tell how many labels are wrong.

    Parameters
    ----------
    items : ReviewItems
    features : (N, D) float, optional
        Frozen, of `nucleus_features` or an embedding; without them classes and order stay the model's.
    evidence : Evidence, optional
        For the other orders; by default the items' probabilities and the features.
    order : Doubt
        By what the queue is ordered.
    learning : bool
        Whether lessons change classes and order.
    every : int
        Decisions from one lesson to the next.
    audit, seed, clock
        Of the queue.

    Attributes
    ----------
    queue : ReviewQueue
    learner : Learner
    background : BackgroundLearner
    learning : bool
    stopping : Stopping

    Signals
    -------
    lesson_due()
        Enough decisions have come: call `learn`, or `learn_in_background`.
    """

    lesson_due = Signal()

    def __init__(
        self,
        items: ReviewItems,
        features: NDArray[np.floating] | None = None,
        *,
        evidence: Evidence | None = None,
        order: Doubt = Doubt.MISTAKE,
        learning: bool = True,
        every: int = EVERY,
        audit: float = AUDIT,
        seed: int = 0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.items, self.every, self._order = items, every, order
        self._evidence = evidence or Evidence(items.probabilities, features=features)
        self.queue = ReviewQueue(items, audit=audit, seed=seed, clock=clock)
        self.learner = Learner(items, np.empty((len(items), 0)) if features is None else features)
        self.background = BackgroundLearner(self.learner)
        self.learning = learning and features is not None
        self.stopping = Stopping()
        self._probabilities = self._told = items.probabilities  # of the order; of the last lesson
        self._dropped = np.zeros(len(items), bool)
        self._new = 0
        self._rank()

    @property
    def order(self) -> Doubt:
        """By what the queue is ordered."""
        return self._order

    @order.setter
    def order(self, value: Doubt) -> None:
        self._order = value
        self._rank()

    @property
    def orders(self) -> list[Doubt]:
        """The orders that the evidence allows."""
        return self._evidence.doubts

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Of the classes (N, C), by which the queue is ordered: as learnt by now, or the model's."""
        return self._probabilities

    @property
    def chance_of_mistake(self) -> NDArray[np.float64]:
        """That each nucleus's class as it stands is wrong, (N,)."""
        return mistake(self._told, self.queue.classes)

    def decide(self, rows: int | Sequence[int] | NDArray[np.integer], classes: ArrayLike | None = None) -> None:
        """Take note of what a person has said of nuclei, accepting their classes by default."""
        rows = np.atleast_1d(np.asarray(rows, np.int64))
        old = self.queue.classes[rows]
        new = old if classes is None else np.broadcast_to(np.asarray(classes), rows.shape)
        first = ~self.queue.reviewed[rows]
        chance = mistake(self._told[rows], old)
        self.stopping.note(rows[first], chance[first], (new != old)[first])
        self.queue.decide(rows, new)
        self._new += len(rows)
        if self._new >= self.every:
            self._new = 0
            self.lesson_due.emit()

    def drop(self, rows: int | Sequence[int] | NDArray[np.integer]) -> None:
        """Take note that a person has said that these are no nuclei: done, but nothing is learnt from them."""
        rows = np.atleast_1d(np.asarray(rows, np.int64))
        self._dropped[rows] = True
        self.queue.decide(rows)

    def reopen(self, rows: int | Sequence[int] | NDArray[np.integer], classes: ArrayLike) -> None:
        """Take decisions back, as undo does; ``classes`` are those that the nuclei have now."""
        rows = np.atleast_1d(np.asarray(rows, np.int64))
        self._dropped[rows] = False
        self.stopping.forget(rows)
        self.queue.reopen(rows, classes)

    def learn(self) -> NDArray[np.int64]:
        """Learn now, and take it over; see `take`."""
        return self.take(self.learner.fit(*self.lesson()))

    def learn_in_background(self) -> None:
        """Begin to learn; ``background.learned`` tells when it is done: give that to `take`."""
        self.background.ask(*self.lesson())

    def lesson(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of nuclei that are decided on, and their classes."""
        rows = np.flatnonzero(self.queue.reviewed & ~self._dropped)
        return rows, self.queue.classes[rows]

    def take(self, learned: Learned) -> NDArray[np.int64]:
        """Take over what was learnt and order the queue anew; gives the rows whose classes have changed."""
        self._told = learned.probabilities
        if not self.learning:
            return np.zeros(0, np.int64)
        self._probabilities = learned.probabilities
        changed = self.queue.renew(learned.classes)
        self._rank()
        return changed

    def remaining(self) -> RemainingError:
        """Labels that are still wrong, of the nuclei that the queue visits."""
        chosen = self.queue.chosen
        return self.stopping.remaining(self.chance_of_mistake[chosen], self.queue.reviewed[chosen])

    def advice(self, target: float = 0.02) -> Advice:
        """How many more reviews it takes to be below a share of wrong labels, and how long."""
        chosen = self.queue.chosen
        chance, reviewed = self.chance_of_mistake[chosen], self.queue.reviewed[chosen]
        reviews, sure = (self.stopping.reviews_to(target, chance, reviewed, sure=sure) for sure in (False, True))
        return Advice(target, reviews, sure, None if reviews is None else self.queue.seconds_for(reviews))

    def _rank(self) -> None:
        seen = self._evidence
        if self._order in (Doubt.ATYPICAL, Doubt.MIX) and seen.features is not None and seen.atypical is None:
            self._evidence = replace(seen, atypical=atypicality(seen.features))  # once: features don't change
        seen = replace(self._evidence, probabilities=self._probabilities, classes=self.queue.classes)
        self.queue.rank(doubt(seen, self._order))
