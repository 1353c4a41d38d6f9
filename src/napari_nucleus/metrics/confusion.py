"""Which classes are taken for which."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.metrics.classes import nucleus_types
from napari_nucleus.metrics.overlap import overlap
from napari_nucleus.metrics.pairing import matched_pairs


def confusion_matrix(
    true: ArrayLike,
    pred: ArrayLike,
    true_types: ArrayLike,
    pred_types: ArrayLike,
    n_classes: int,
    iou: float = 0.5,
) -> NDArray[np.int64]:
    r"""Matched nuclei of one image by true and by predicted class, with those that have no partner.

    .. math:: M_{ab} = |\{(i, j) : IoU(T_i, P_j) > \tau,\; c(T_i) = a,\; c(P_j) = b\}|

    Rows are the truth, columns the prediction. Row and column 0 are unknown nuclei (class 0), 1 to C the classes. The
    last column counts true nuclei that were missed, the last row predictions where there is nothing; their corner is 0.
    So rows without the last one add up to the true nuclei, columns without the last one to the predicted. Matrices of
    several images are added. Pairs are those of `panoptic_quality`, whatever the class; a nucleus has the class of most
    of its pixels (of as many, the first; 0 only where it has no pixel of a class).

    Parameters
    ----------
    true, pred : (H, W) integers
        Label images, 0 = background.
    true_types, pred_types : (H, W) integers
        Class of each pixel, 1 to ``n_classes``; 0 on background and on unknown nuclei.
    n_classes : int
    iou : float
        In [0, 1).

    Returns
    -------
    (C + 2, C + 2) int64
        Truth empty: the last row alone has numbers; prediction empty: the last column; both empty: all 0.

    Raises
    ------
    NucleusError
        Shapes differ, one is no label image or class map, a class is out of range, or ``iou`` is outside [0, 1).

    Examples
    --------
    >>> confusion_matrix([[1, 1, 0, 2, 2, 3]], [[5, 5, 0, 6, 6, 0]], [[1, 1, 0, 2, 2, 1]], [[1, 1, 0, 1, 1, 0]], 2)
    array([[0, 0, 0, 0],
           [0, 1, 0, 1],
           [0, 1, 0, 0],
           [0, 0, 0, 0]])
    """
    found = overlap(true, pred)
    true_kinds, pred_kinds = nucleus_types(true, true_types, n_classes), nucleus_types(pred, pred_types, n_classes)
    pairs = matched_pairs(found, iou)
    i, j = found.true[pairs], found.pred[pairs]
    nobody = n_classes + 1
    matrix = np.zeros((nobody + 1, nobody + 1), np.int64)
    np.add.at(matrix, (true_kinds[i], pred_kinds[j]), 1)
    matrix[:nobody, nobody] = np.bincount(np.delete(true_kinds, i), minlength=nobody)
    matrix[nobody, :nobody] = np.bincount(np.delete(pred_kinds, j), minlength=nobody)
    return matrix
