"""Sums by key that grow and shrink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Sums:
    """Whole numbers added up by key; a key whose first sum is 0 is gone.

    Parameters
    ----------
    columns : int
        Numbers a key.

    Attributes
    ----------
    keys : (K,) int64
        Ascending, from 0.
    sums : (K, columns) int64
        Never changed in place.
    """

    def __init__(self, columns: int) -> None:
        self.keys: NDArray[np.int64] = np.empty(0, np.int64)
        self.sums: NDArray[np.int64] = np.empty((0, columns), np.int64)

    def add(self, keys: NDArray[np.integer], values: NDArray[np.int64]) -> None:
        """Add values (n, columns) to those of their keys (n,), which may repeat."""
        if not len(keys):
            return
        keys = np.concatenate([self.keys, keys])
        order = np.argsort(keys, kind="stable")
        first = np.flatnonzero(np.diff(keys[order], prepend=-1))
        sums = np.add.reduceat(np.concatenate([self.sums, values])[order], first)
        there = sums[:, 0] != 0
        self.keys, self.sums = keys[order[first]][there], sums[there]
