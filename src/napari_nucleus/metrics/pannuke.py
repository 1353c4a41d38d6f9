"""Binary and multi-class panoptic quality of single images, and their means over tissues (PanNuke)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics.classes import ClassOverlap, check_classes, check_lists, class_overlap
from napari_nucleus.metrics.multiclass import class_counts, panoptic
from napari_nucleus.metrics.pairing import matched_pairs


@dataclass(frozen=True, slots=True, eq=False)
class PannukePQ:
    """Panoptic quality of each image; nan where its truth is empty.

    Attributes
    ----------
    mpq : (N,) float64
        Mean over the classes that the image's truth has.
    bpq : (N,) float64
        Whatever the class.
    per_class : (N, C) float64
        Class 1 first.
    """

    mpq: NDArray[np.float64]
    bpq: NDArray[np.float64]
    per_class: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TissueMean:
    """Mean of a score of images tissue by tissue, and over the tissues.

    Attributes
    ----------
    mean : float
        Each tissue counts once, however many images it has.
    per_tissue : dict of str to float
        By name.
    """

    mean: float
    per_tissue: dict[str, float]


def pannuke_pq(
    trues: Sequence[ArrayLike],
    preds: Sequence[ArrayLike],
    true_types: Sequence[ArrayLike],
    pred_types: Sequence[ArrayLike],
    n_classes: int,
) -> PannukePQ:
    r"""Binary and multi-class panoptic quality, image by image, as PanNuke reports them (Gamper et al. 2020).

    .. math::

        PQ_{n,c} = \frac{\sum_{TP} IoU}{TP + FP / 2 + FN / 2}, \qquad
        mPQ_n = \frac{1}{|C_n|} \sum_{c \in C_n} PQ_{n,c}

    A pair matches with an IoU above 0.5. :math:`C_n` are the classes that the truth of image n has; others are left
    out, even where they were predicted. bPQ is the PQ whatever the class. `tissue_mean` makes the means over tissues
    that papers print. Equals the public ``run.py`` but for its small constant (1e-6 in SQ's denominator).

    The pixels of a nucleus that have class c are its shape in class c; for bPQ, too, a nucleus whose pixels have
    several classes falls into pieces, as it does in PanNuke's layout of a plane a class. Nuclei of class 0 ("unknown"),
    which that layout cannot hold, count for bPQ alone.

    Parameters
    ----------
    trues, preds : sequence of (H, W) integers
        Label images, an item an image, 0 = background.
    true_types, pred_types : sequence of (H, W) integers
        Class of each pixel, 1 to ``n_classes``; 0 on background and on unknown nuclei.
    n_classes : int

    Returns
    -------
    PannukePQ
        Truth empty, or truth and prediction: nan. Prediction empty: 0.

    Raises
    ------
    NucleusError
        Numbers of images or shapes differ, one is no label image or class map, or a class is out of range.

    Examples
    --------
    >>> score = pannuke_pq([[[1, 1, 1, 0, 2, 2]]], [[[4, 4, 0, 0, 9, 9]]],
    ...                    [[[1, 1, 1, 0, 2, 2]]], [[[1, 1, 0, 0, 1, 1]]], n_classes=2)
    >>> score.mpq, score.bpq
    (array([0.22222222]), array([0.83333333]))
    """
    check_classes(n_classes)
    check_lists({"trues": trues, "preds": preds, "true_types": true_types, "pred_types": pred_types})
    counts = np.zeros((len(trues), n_classes + 1, 4))
    for number, image in enumerate(zip(trues, preds, true_types, pred_types, strict=True)):
        found = class_overlap(*image, n_classes)
        counts[number, 0] = _counts_of_all(found)
        counts[number, 1:] = class_counts(found, n_classes)
    in_truth = counts[..., 0] + counts[..., 2] > 0
    quality = np.where(in_truth, panoptic(counts), np.nan)
    per_class = quality[:, 1:]
    classes = in_truth[:, 1:].sum(1)
    mpq = np.where(classes > 0, np.nansum(per_class, 1) / np.maximum(classes, 1), np.nan)
    return PannukePQ(mpq, quality[:, 0], per_class)


def tissue_mean(values: ArrayLike, tissues: Sequence[str]) -> TissueMean:
    """Mean over the images of each tissue, and mean of those over the tissues (Gamper et al. 2020).

    Parameters
    ----------
    values : (N,) float
        Score of each image, as ``pannuke_pq(...).mpq``; images with nan are left out.
    tissues : sequence of str
        Tissue of each image.

    Returns
    -------
    TissueMean
        A tissue without any value is nan and left out of the mean; no value at all: nan.

    Raises
    ------
    NucleusError
        Numbers of values and tissues differ.

    Examples
    --------
    >>> tissue_mean([0.4, 0.6, 0.9, float("nan")], ["Breast", "Breast", "Colon", "Colon"])
    TissueMean(mean=0.7, per_tissue={'Breast': 0.5, 'Colon': 0.9})
    """
    scores, names = np.asarray(values, np.float64), np.asarray(tissues, dtype=str)
    if scores.ndim != 1 or scores.shape != names.shape:
        raise NucleusError(
            f"Expected one tissue an image, got shapes {scores.shape} and {names.shape}. Give lists of one length."
        )
    per_tissue = {str(name): _mean(scores[names == name]) for name in np.unique(names)}
    return TissueMean(_mean(np.array(list(per_tissue.values()))), per_tissue)


def _counts_of_all(found: ClassOverlap) -> NDArray[np.float64]:
    """TP, FP, FN and the sum of IoU of pieces of any class, (4,)."""
    pieces = found.pieces
    true, pred = _counted(pieces.true_labels, found.true_types), _counted(pieces.pred_labels, found.pred_types)
    matched = matched_pairs(pieces)
    matched = matched[true[pieces.true[matched]] & pred[pieces.pred[matched]]]
    tp = len(matched)
    return np.array([tp, pred.sum() - tp, true.sum() - tp, pieces.iou[matched].sum()])


def _counted(labels: NDArray[np.int32], types: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pieces count: those with a class, and nuclei that have no class at all."""
    return (types > 0) | ~np.isin(labels, labels[types > 0])


def _mean(values: NDArray[np.float64]) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else float("nan")
