"""When to stop reviewing: how many labels are still wrong, with an interval.

The chance that a label is wrong, as the classifier states it, is corrected by how often labels turned out wrong when
they were visited (Platt 2000: a straight line between log odds), and summed over what hasn't been visited. The interval
holds what is not known: the line itself, and the luck of single nuclei.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.float64]

# What is believed before any visit: stated chances hold, give or take (standard deviations of offset and slope).
_BELIEF = np.array([0.0, 1.0])
_SPREAD = np.array([1.0, 0.25])
# Both chosen on CoNSeP's validation tiles: mistakes come in clusters, so that visits tell less than as many independent
# ones would; and what is stated changes with every lesson, so that of visits so long ago only half counts.
_CLUSTERS = 1.5
_HALF_LIFE = 60
_DRAWS = 1000
_LEAST = 1e-4


class Visit(NamedTuple):
    """A decision: the stated chance that the label was wrong when it was visited, and whether it was."""

    chance: float
    wrong: bool


@dataclass(frozen=True, slots=True)
class RemainingError:
    """Labels that are still wrong.

    Attributes
    ----------
    share, low, high : float
        Of all labels, reviewed ones included: expected, and the limits of the 95 % interval.
    nuclei : int
        All.
    open : int
        Not reviewed.
    """

    share: float
    low: float
    high: float
    nuclei: int
    open: int

    @property
    def text(self) -> str:
        """For a person."""
        return f"{self.share:.1%} of labels wrong ({self.low:.1%} to {self.high:.1%})"


class Stopping:
    """Learns from visits how far stated chances hold, and tells what is left.

    Parameters
    ----------
    seed : int
        Of the draws that make the interval.
    """

    def __init__(self, seed: int = 0) -> None:
        self._visits: dict[int, Visit] = {}
        self._seed = seed

    def note(self, rows: NDArray[np.integer], chance: NDArray[np.floating], wrong: NDArray[np.bool_]) -> None:
        """Take note of decisions on nuclei, (n,) each."""
        for row, *visit in zip(rows.tolist(), chance.tolist(), wrong.tolist(), strict=True):
            self._visits[row] = Visit(*visit)

    def forget(self, rows: NDArray[np.integer]) -> None:
        """Take decisions back."""
        for row in rows.tolist():
            self._visits.pop(row, None)

    def remaining(self, chance: NDArray[np.floating], reviewed: NDArray[np.bool_]) -> RemainingError:
        """What is still wrong.

        Parameters
        ----------
        chance : (N,) float
            Stated chance that each label is wrong.
        reviewed : (N,) bool
            Whose labels are right.
        """
        still = np.sort(np.asarray(chance, np.float64)[~reviewed])
        wrong = self._wrong(still)
        n = max(len(reviewed), 1)
        low, high = np.percentile(wrong, [2.5, 97.5]) / n
        return RemainingError(float(wrong.mean() / n), float(low), float(high), len(reviewed), len(still))

    def reviews_to(
        self, target: float, chance: NDArray[np.floating], reviewed: NDArray[np.bool_], *, sure: bool = False
    ) -> int | None:
        """How many more reviews, the most doubtful first, bring the share of wrong labels to a target.

        Parameters
        ----------
        target : float
            Share of all labels.
        chance, reviewed
            As of `remaining`.
        sure : bool
            The upper limit of the interval has to be there, and not just the expectation.

        Returns
        -------
        int or None
            0: it is there. None: nothing but reviewing everything makes it so.
        """
        still = np.sort(np.asarray(chance, np.float64)[~reviewed])
        first, last = 0, len(still)
        while first < last:  # what is left falls with every review
            middle = (first + last) // 2
            wrong = self._wrong(still[: len(still) - middle])
            value = np.percentile(wrong, 97.5) if sure else wrong.mean()
            first, last = (first, middle) if value <= target * len(reviewed) else (middle + 1, last)
        return first if first < len(still) or not len(still) else None

    def _wrong(self, chance: Array) -> Array:
        """Draws of the number of wrong labels."""
        centre, spread = _line(list(self._visits.values()))
        rng = np.random.default_rng(self._seed)
        lines = rng.multivariate_normal(centre, _CLUSTERS * spread, _DRAWS)
        # Like chances are taken together: a hundred steps instead of every nucleus.
        groups = np.array_split(_odds(chance), min(len(chance), 100)) if len(chance) else []
        total, variance = np.zeros(_DRAWS), np.zeros(_DRAWS)
        for group in groups:
            p = expit(lines[:, 0] + lines[:, 1] * group.mean())
            total += len(group) * p
            variance += len(group) * p * (1 - p)
        return np.clip(total + np.sqrt(_CLUSTERS * variance) * rng.standard_normal(_DRAWS), 0, len(chance))


def _line(visits: list[Visit]) -> tuple[Array, Array]:
    """The most probable offset and slope, and their covariance (Laplace), by Newton's steps."""
    line, prior = _BELIEF.copy(), np.diag(_SPREAD**-2)
    if not visits:
        return line, np.diag(_SPREAD**2)
    x = np.stack([np.ones(len(visits)), _odds(np.array([visit.chance for visit in visits]))], 1)
    y = np.array([visit.wrong for visit in visits], np.float64)
    weight = 0.5 ** (np.arange(len(y))[::-1] / _HALF_LIFE)
    for _ in range(20):
        p = expit(x @ line)
        curvature = (x * (weight * p * (1 - p))[:, None]).T @ x + prior
        line = line + np.linalg.solve(curvature, x.T @ (weight * (y - p)) - prior @ (line - _BELIEF))
    return line, np.linalg.inv(curvature)


def _odds(chance: Array) -> Array:
    p = np.clip(chance, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(p / (1 - p)), np.float64)
