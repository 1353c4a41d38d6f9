"""Aggregated Jaccard index, and its variant with unique pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.metrics.overlap import Overlap, overlap
from napari_nucleus.metrics.pairing import best_pairs, unique_pairs


def aggregated_jaccard(true: ArrayLike, pred: ArrayLike) -> float:
    r"""Aggregated Jaccard index (Kumar et al. 2017).

    .. math:: \frac{\sum_i |T_i \cap P_{j(i)}|}{\sum_i |T_i \cup P_{j(i)}| + \sum_{j \in U} |P_j|}

    ``j(i)`` is the prediction of highest IoU with true nucleus ``i``; one prediction may serve several true nuclei.
    ``U`` are the predictions that serve none; a true nucleus that no prediction touches adds its own area to the union.
    Equals HoVer-Net's ``get_fast_aji``; like there, of several best predictions of one IoU the largest is taken, then
    the one of the lowest label.

    Parameters
    ----------
    true, pred : (H, W) integers
        Label images, 0 = background.

    Returns
    -------
    float
        In [0, 1]. Truth or prediction empty: 0. Both empty: nan, there is nothing to measure.

    Raises
    ------
    NucleusError
        One is no label image, or their shapes differ.

    Examples
    --------
    >>> aggregated_jaccard([[1, 1, 0, 2, 2, 2]], [[5, 5, 5, 0, 7, 7]])
    0.6666666666666666
    """
    found = overlap(true, pred)
    return _aggregate(found, best_pairs(found))


def aggregated_jaccard_plus(true: ArrayLike, pred: ArrayLike) -> float:
    r"""AJI with one-to-one pairs (AJI+; Graham et al. 2019, public code).

    .. math::

        \frac{\sum_{(i, j)} |T_i \cap P_j|}
             {\sum_{(i, j)} |T_i \cup P_j| + \sum_{i \in U} |T_i| + \sum_{j \in U} |P_j|}

    The pairs are the assignment of highest total IoU; ``U`` are the nuclei of either side without partner. Equals
    HoVer-Net's ``get_fast_aji_plus``.

    Parameters
    ----------
    true, pred : (H, W) integers
        Label images, 0 = background.

    Returns
    -------
    float
        In [0, 1]. Truth or prediction empty: 0. Both empty: nan, there is nothing to measure.

    Raises
    ------
    NucleusError
        One is no label image, or their shapes differ.

    Examples
    --------
    >>> aggregated_jaccard_plus([[1, 1, 2, 2, 0]], [[3, 3, 3, 0, 0]])
    0.4
    """
    found = overlap(true, pred)
    return _aggregate(found, unique_pairs(found))


def _aggregate(found: Overlap, pairs: NDArray[np.int64]) -> float:
    """Pooled intersection over pooled union of some pairs; nuclei in none of them add their area to the union."""
    intersection = found.intersection[pairs].sum()
    missed, extra = np.ones(len(found.true_area), bool), np.ones(len(found.pred_area), bool)
    missed[found.true[pairs]] = False
    extra[found.pred[pairs]] = False
    union = found.union[pairs].sum() + found.true_area[missed].sum() + found.pred_area[extra].sum()
    return float(intersection / union) if union else float("nan")
