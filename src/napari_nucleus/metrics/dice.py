"""Dice of the foreground, and of the nuclei that meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.metrics.overlap import overlap, paired_labels


def dice(true: ArrayLike, pred: ArrayLike) -> float:
    r"""Dice coefficient of nucleus pixels against background, whatever nucleus they belong to.

    .. math:: 2 |T \cap P| / (|T| + |P|)

    Equals HoVer-Net's ``get_dice_1`` (Graham et al. 2019, §4.2).

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
    >>> dice([[1, 1, 0, 2]], [[0, 1, 1, 1]])
    0.6666666666666666
    """
    in_true, in_pred, in_both = _foreground(np.asarray(true), np.asarray(pred))
    return 2 * in_both / (in_true + in_pred) if in_true + in_pred else float("nan")


def ensemble_dice(true: ArrayLike, pred: ArrayLike) -> float:
    r"""Dice of every pair of nuclei that share pixels, pooled (DICE2; Vu et al. 2019).

    .. math:: 2 \sum_{T \cap P \ne \emptyset} |T \cap P| / \sum_{T \cap P \ne \emptyset} (|T| + |P|)

    Equals HoVer-Net's ``get_fast_dice_2``: nuclei that meet none of the other side count nowhere.

    Parameters
    ----------
    true, pred : (H, W) integers
        Label images, 0 = background.

    Returns
    -------
    float
        In [0, 1]. Truth or prediction empty, or no pair that shares pixels: 0. Both empty: nan, there is nothing to
        measure.

    Raises
    ------
    NucleusError
        One is no label image, or their shapes differ.

    Examples
    --------
    >>> ensemble_dice([[1, 1, 0, 2, 2]], [[5, 5, 5, 5, 0]])
    0.5
    """
    found = overlap(true, pred)
    if len(found.true_area) + len(found.pred_area) == 0:
        return float("nan")
    shared = found.intersection.sum()
    return float(2 * shared / (shared + found.union.sum())) if shared else 0.0


def _foreground(true: NDArray, pred: NDArray) -> tuple[int, int, int]:
    """Pixels of nuclei in the truth, in the prediction and in both; labels of 32 bits are read only once."""
    from napari_nucleus.metrics.foreground import count_foreground  # numba is slow to import

    if true.dtype != np.int32 or pred.dtype != np.int32 or true.ndim != 2 or true.shape != pred.shape:
        true, pred = paired_labels(true, pred)
    *counts, negative = count_foreground(true.ravel(), pred.ravel())
    if negative:
        paired_labels(true, pred)  # says what is wrong
    in_true, in_pred, in_both = counts
    return in_true, in_pred, in_both
