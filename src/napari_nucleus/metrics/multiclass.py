"""Panoptic quality of every class, from the counts of the whole data set (CoNIC)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.metrics.classes import ClassOverlap, check_classes, check_lists, class_overlap
from napari_nucleus.metrics.pairing import matched_pairs


@dataclass(frozen=True, slots=True, eq=False)
class MulticlassPQ:
    """Panoptic quality of each class over a set of images, and the counts behind it.

    Attributes
    ----------
    mean : float
        Over all classes: mPQ+.
    per_class : (C,) float64
        Class 1 first.
    tp, fp, fn : (C,) int64
        Matched pairs, predictions and true nuclei without a match, of all images.
    iou : (C,) float64
        Sum of the matched pairs' IoU.
    """

    mean: float
    per_class: NDArray[np.float64]
    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    fn: NDArray[np.int64]
    iou: NDArray[np.float64]


def multiclass_pq_plus(
    trues: Sequence[ArrayLike],
    preds: Sequence[ArrayLike],
    true_types: Sequence[ArrayLike],
    pred_types: Sequence[ArrayLike],
    n_classes: int,
) -> MulticlassPQ:
    r"""Multi-class panoptic quality over a data set, mPQ+ (Graham et al. 2024, CoNIC).

    .. math::

        PQ_c = \frac{\sum_n IoU_{n,c}}{TP_c + FP_c / 2 + FN_c / 2}, \qquad mPQ^+ = \frac{1}{C} \sum_c PQ_c

    TP, FP, FN and the IoU of matched pairs (above 0.5) are summed over all images before the quotient, class by class;
    no class has to be in every image. A nucleus is compared with those of its own class: its pixels that have class c
    are its shape in class c, as in CoNIC's ``get_multi_pq_info``, which this equals but for that script's small
    constants (1e-6 in denominators).

    Parameters
    ----------
    trues, preds : sequence of (H, W) integers
        Label images, an item an image, 0 = background. Numbers may be used again in another image.
    true_types, pred_types : sequence of (H, W) integers
        Class of each pixel, 1 to ``n_classes``; 0 on background and on unknown nuclei, which count for no class.
    n_classes : int

    Returns
    -------
    MulticlassPQ
        A class with truth or prediction empty: 0. A class that is nowhere, on neither side, is 0, too, and lowers the
        mean: CoNIC's rule. No images at all: 0.

    Raises
    ------
    NucleusError
        Numbers of images or shapes differ, one is no label image or class map, or a class is out of range.

    Examples
    --------
    >>> score = multiclass_pq_plus([[[1, 1, 1, 0, 2, 2]]], [[[4, 4, 0, 0, 9, 9]]],
    ...                            [[[1, 1, 1, 0, 2, 2]]], [[[1, 1, 0, 0, 1, 1]]], n_classes=2)
    >>> score.mean, score.per_class
    (0.2222222222222222, array([0.44444444, 0.        ]))
    """
    check_classes(n_classes)
    check_lists({"trues": trues, "preds": preds, "true_types": true_types, "pred_types": pred_types})
    counts = np.zeros((n_classes, 4))
    for image in zip(trues, preds, true_types, pred_types, strict=True):
        counts += class_counts(class_overlap(*image, n_classes), n_classes)
    per_class = panoptic(counts)
    tp, fp, fn = counts[:, :3].astype(np.int64).T
    return MulticlassPQ(float(per_class.mean()), per_class, tp, fp, fn, counts[:, 3])


def class_counts(found: ClassOverlap, n_classes: int) -> NDArray[np.float64]:
    """TP, FP, FN and the sum of IoU of each class in one image, (C, 4)."""
    pieces = found.pieces
    matched = matched_pairs(pieces)
    types = found.true_types[pieces.true[matched]]
    matched = matched[types == found.pred_types[pieces.pred[matched]]]
    types = found.true_types[pieces.true[matched]]
    side = n_classes + 1
    tp = np.bincount(types, minlength=side)
    fp = np.bincount(found.pred_types, minlength=side) - tp
    fn = np.bincount(found.true_types, minlength=side) - tp
    iou = np.bincount(types, pieces.iou[matched], side)
    return np.stack([tp, fp, fn, iou], -1)[1:]


def panoptic(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """PQ of TP, FP, FN and the sum of IoU, (..., 4); 0 where there is nothing."""
    tp, fp, fn, iou = np.moveaxis(counts, -1, 0)
    quality: NDArray[np.float64] = iou / np.maximum(tp + fp / 2 + fn / 2, 0.5)
    return quality
