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
    true_runs, pred_runs, length = _runs(true.ravel(), pred.ravel())
    true_labels, true_rank, true_area = _rank(true_runs, length)
    pred_labels, pred_rank, pred_area = _rank(pred_runs, length)
    both = np.flatnonzero((true_rank >= 0) & (pred_rank >= 0))
    shape = max(len(true_area), 1), max(len(pred_area), 1)
    shared = coo_array((length[both], (true_rank[both], pred_rank[both])), shape=shape).tocsr().tocoo()
    i, j = (index.astype(np.int64) for index in shared.coords)
    return Overlap(true_area, pred_area, i, j, shared.data, true_labels, pred_labels)


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


def _runs(true: NDArray[np.int32], pred: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray]:
    """Both labels and the pixels of each run of equal pixels: much fewer than pixels, and all that counting needs."""
    if not true.size:
        return true, pred, np.empty(0, np.int64)
    start = np.flatnonzero((true[1:] != true[:-1]) | (pred[1:] != pred[:-1])) + 1
    start = np.concatenate([[0], start])
    return true[start], pred[start], np.diff(start, append=true.size)


def _rank(
    runs: NDArray[np.int32], length: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Labels present, the position of each run's label among them (-1 on background), and the area of each label."""
    if runs.max(initial=0) > 8 * runs.size + 1000:  # huge gaps: a lookup table would not fit
        labels, owner = np.unique(runs, return_inverse=True)
    else:
        present = np.bincount(runs, minlength=1) > 0
        labels, owner = np.flatnonzero(present), (np.cumsum(present) - 1)[runs]
    area = np.bincount(owner, length, len(labels)).astype(np.int64)
    without = int(len(labels) > 0 and labels[0] == 0)
    return labels[without:].astype(np.int32), owner - without, area[without:]
