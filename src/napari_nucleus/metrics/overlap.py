"""Which true nucleus shares how many pixels with which predicted one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    """

    true_area: NDArray[np.int64]
    pred_area: NDArray[np.int64]
    true: NDArray[np.int64]
    pred: NDArray[np.int64]
    intersection: NDArray[np.int64]

    @property
    def union(self) -> NDArray[np.int64]:
        """Pixels of each pair's union, (K,)."""
        return self.true_area[self.true] + self.pred_area[self.pred] - self.intersection


def overlap(true: ArrayLike, pred: ArrayLike) -> Overlap:
    """Overlap of two label images (H, W); the cost grows with the pixels alone.

    Raises
    ------
    NucleusError
        One is no label image, or their shapes differ.
    """
    true, pred = paired_labels(true, pred)
    true_rank, true_area = _rank(true)
    pred_rank, pred_area = _rank(pred)
    both = (true_rank >= 0) & (pred_rank >= 0)
    width = max(len(pred_area), 1)
    pairs, shared = np.unique(true_rank[both] * width + pred_rank[both], return_counts=True)
    return Overlap(true_area, pred_area, pairs // width, pairs % width, shared)


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


def _rank(labels: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Position of each pixel's label among the labels present (-1 on background), and the area of each."""
    flat = labels.ravel()
    if flat.size and flat.max() > 4 * flat.size:  # sparse ids: a lookup table would not fit
        flat = np.unique(flat, return_inverse=True)[1] + (flat.min() > 0)
    area = np.bincount(flat, minlength=1)
    present = area > 0
    present[0] = False
    rank = np.cumsum(present) - 1
    rank[0] = -1
    return rank[flat], area[present]
