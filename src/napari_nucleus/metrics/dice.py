"""Dice of the foreground, and of the nuclei that meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

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
    true, pred = paired_labels(true, pred)
    inside_true, inside_pred = true > 0, pred > 0
    total = np.count_nonzero(inside_true) + np.count_nonzero(inside_pred)
    return float(2 * np.count_nonzero(inside_true & inside_pred) / total) if total else float("nan")


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
