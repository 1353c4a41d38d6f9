"""How well a score puts what is wanted first."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def average_precision(wanted: ArrayLike, score: ArrayLike) -> float:
    """Area under precision over recall, as a sum over the ranks at which something wanted is met.

    Equal scores are one rank: their order is no merit. By chance it is near the share of what is wanted.

    Parameters
    ----------
    wanted : (N,) bool
    score : (N,) float
        The higher, the earlier.

    Returns
    -------
    float
        In (0, 1]; nan where nothing is wanted.

    Examples
    --------
    >>> average_precision([True, False, True, False], [0.9, 0.8, 0.7, 0.1])
    0.8333333333333333
    """
    wanted, score = np.asarray(wanted, bool), np.asarray(score, np.float64)
    if not wanted.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    found = np.cumsum(wanted[order])
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))  # of each rank
    precision = found[last] / (last + 1)
    return float((np.diff(found[last], prepend=0) * precision).sum() / wanted.sum())
