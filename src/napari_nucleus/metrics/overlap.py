"""Which true nucleus shares how many pixels with which predicted one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array

from napari_nucleus.core import NucleusError
from napari_nucleus.core.nuclei import as_labels


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """Areas of all nuclei, and the pairs that share pixels; nuclei are numbered from 0 in the order of their labels.

    Attributes
    ----------
    true_area, pred_area : (T,), (P,) int64
        Pixels of each nucleus.
    true, pred : (K,) int64
        The pairs that share pixels, by true and then by predicted nucleus.
    intersection : (K,) int64
        Pixels that each pair shares.
    true_labels, pred_labels : (T,), (P,) int32
        Label of each nucleus.
    """

    true_area: NDArray[np.int64]
    pred_area: NDArray[np.int64]
    true: NDArray[np.int64]
    pred: NDArray[np.int64]
    intersection: NDArray[np.int64]
    true_labels: NDArray[np.int32]
    pred_labels: NDArray[np.int32]

    @property
    def union(self) -> NDArray[np.int64]:
        """Pixels of each pair's union, (K,)."""
        return self.true_area[self.true] + self.pred_area[self.pred] - self.intersection

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union of each pair, (K,)."""
        return self.intersection / self.union


def overlap(true: ArrayLike, pred: ArrayLike) -> Overlap:
    """Overlap of two label images (H, W); the cost grows with the pixels alone.

    Raises
    ------
    NucleusError
        One is no label image, or their shapes differ.
    """
    true, pred = paired_labels(true, pred)
    start, length = runs(true, pred)
    true_labels, true_rank, true_area = rank(true.ravel()[start], length)
    pred_labels, pred_rank, pred_area = rank(pred.ravel()[start], length)
    shared = count_shared(true_rank, pred_rank, length, (len(true_area), len(pred_area)))
    return Overlap(true_area, pred_area, *shared, true_labels.astype(np.int32), pred_labels.astype(np.int32))


def paired_labels(true: ArrayLike, pred: ArrayLike) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Two label images of one shape.

    Raises
    ------
    NucleusError
        One is no label image, or their shapes differ.
    """
    true, pred = as_labels(true), as_labels(pred)
    if true.shape != pred.shape:
        raise NucleusError(
            f"Expected a prediction of {true.shape} pixels as the truth, got {pred.shape}. Compare maps of one image."
        )
    return true, pred


def runs(*maps: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Start and length of each run of pixels that are equal in all maps; counting runs is quicker than pixels."""
    if not maps[0].size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    changes = np.zeros(maps[0].size - 1, bool)
    for flat in (each.ravel() for each in maps):
        changes |= flat[1:] != flat[:-1]
    start = np.concatenate([[0], np.flatnonzero(changes) + 1])
    return start, np.diff(start, append=maps[0].size)


def rank(
    labels: NDArray[np.integer], length: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Labels present in runs, the position of each run's label among them (-1 on background), and their areas."""
    if labels.max(initial=0) > 8 * labels.size + 1000:  # huge gaps: a lookup table would not fit
        present, owner = np.unique(labels, return_inverse=True)
    else:
        there = np.bincount(labels, minlength=1) > 0
        present, owner = np.flatnonzero(there), (np.cumsum(there) - 1)[labels]
    area = np.bincount(owner, length, len(present)).astype(np.int64)
    background = int(len(present) > 0 and present[0] == 0)
    return present[background:].astype(np.int64), owner - background, area[background:]


def count_shared(
    true: NDArray[np.int64], pred: NDArray[np.int64], length: NDArray[np.int64], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of runs' nuclei (-1 where there is none), by true and then by predicted one, and their pixels."""
    both = np.flatnonzero((true >= 0) & (pred >= 0))
    room = max(shape[0], 1), max(shape[1], 1)
    shared = coo_array((length[both], (true[both], pred[both])), shape=room).tocsr().tocoo()
    i, j = (index.astype(np.int64) for index in shared.coords)
    return i, j, shared.data
