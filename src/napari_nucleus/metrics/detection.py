"""F1 of detection, and of detection with the right class: HoVer-Net's and the plain one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics.classes import check_classes, check_lists
from napari_nucleus.metrics.pairing import assign_centroids, pair_within

_Image = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True, eq=False)
class DetectionF1:
    """Detection and classification scores of a set of images.

    Attributes
    ----------
    f_d : float
        F1 of detection, whatever the class.
    f_c : (C,) float64
        Score of each class, class 1 first.
    """

    f_d: float
    f_c: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MatchedF1:
    """F1 of each class of a set of images, and the counts behind it.

    Attributes
    ----------
    mean : float
        Over the classes that have nuclei on either side.
    per_class : (C,) float64
        Class 1 first; nan where there are none.
    tp, fp, fn : (C,) int64
        Pairs, predictions and true nuclei without a partner of their class.
    """

    mean: float
    per_class: NDArray[np.float64]
    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    fn: NDArray[np.int64]


def detection_f1(
    true_yx: Sequence[ArrayLike],
    pred_yx: Sequence[ArrayLike],
    true_types: Sequence[ArrayLike],
    pred_types: Sequence[ArrayLike],
    n_classes: int,
    radius_px: float = 12.0,
) -> DetectionF1:
    r"""F1 of centroids, as HoVer-Net reports it (Graham et al. 2019, §4.2, eq. 8 and 9).

    .. math::

        F_d &= \frac{2 TP_d}{2 TP_d + FP_d + FN_d} \\
        F_c &= \frac{2 TP_c}{2 TP_c + 2 FP_c + 2 FN_c + FP_d^c + FN_d^c}

    In each image true and predicted centroids are assigned one to one with the least total distance; pairs farther
    apart than the radius are taken apart again. Of the pairs, :math:`TP_c` have class c on both sides, :math:`FP_c` in
    the prediction alone, :math:`FN_c` in the truth alone; :math:`FP_d^c`, :math:`FN_d^c` are unpaired predictions
    and nuclei of class c. All counts are pooled over the images. Equals HoVer-Net's ``compute_stats.py`` (there, the
    numerator counts "true negatives", too, which are always 0), but an image without nuclei stays empty, where the
    script puts a nucleus in the corner.

    A true nucleus of class 0 ("unknown") counts for detection; as a pair it counts for no class (the script's
    ``exhaustive=False``, where unknown is -1). A prediction of class 0 is a wrong class for its partner.

    Parameters
    ----------
    true_yx, pred_yx : sequence of (N, 2) floats
        Centroids in pixels, an item an image.
    true_types, pred_types : sequence of (N,) integers
        Class of each nucleus, 1 to ``n_classes``, 0 where unknown.
    n_classes : int
    radius_px : float
        Largest distance of a pair; 12 px at 40×.

    Returns
    -------
    DetectionF1
        Truth or prediction empty: 0. Both empty: nan, for ``f_c`` class by class.

    Raises
    ------
    NucleusError
        Numbers of images, centroids and types differ, or a type is out of range.

    Examples
    --------
    >>> score = detection_f1([[(5, 5), (40, 40)]], [[(6, 5), (90, 9)]], [[1, 2]], [[1, 1]], n_classes=2)
    >>> score.f_d, score.f_c
    (0.5, array([0.66666667, 0.        ]))
    """
    from napari_nucleus.metrics.tally import detection_scores, tally  # numba is slow to import

    images = _images(true_yx, pred_yx, true_types, pred_types, n_classes, radius_px)
    side = n_classes + 1
    pairs = np.zeros((side, side), np.int64)
    true, pred = np.zeros(side, np.int64), np.zeros(side, np.int64)
    for a, a_kinds, b, b_kinds in images:
        counts = tally(a, b, a_kinds, b_kinds, *assign_centroids(a, b), radius_px, side)
        for total, count in zip((pairs, true, pred), counts, strict=True):
            total += count

    return DetectionF1(*detection_scores(pairs, true, pred))


def matched_f1(
    true_yx: Sequence[ArrayLike],
    pred_yx: Sequence[ArrayLike],
    true_types: Sequence[ArrayLike],
    pred_types: Sequence[ArrayLike],
    n_classes: int,
    radius_px: float = 12.0,
) -> MatchedF1:
    r"""Plain F1 of each class: found is a nucleus of the same class within the radius (Guan et al.).

    .. math:: F_c = \frac{2 TP_c}{2 TP_c + FP_c + FN_c}

    Within each class and image, true and predicted centroids are paired one to one: as many pairs within the radius as
    there can be. Their number alone decides, so that ties of distance change nothing. Counts are pooled over the
    images. Unlike in HoVer-Net's F_c (`detection_f1`), a wrong class is one nucleus missed and one too many.

    Parameters
    ----------
    true_yx, pred_yx : sequence of (N, 2) floats
        Centroids in pixels, an item an image.
    true_types, pred_types : sequence of (N,) integers
        Class of each nucleus, 1 to ``n_classes``; nuclei of class 0 ("unknown") count nowhere.
    n_classes : int
    radius_px : float
        Largest distance of a pair; 12 px at 40×.

    Returns
    -------
    MatchedF1
        Truth or prediction of a class empty: 0. Both empty: nan, and left out of the mean.

    Raises
    ------
    NucleusError
        Numbers of images, centroids and types differ, a type is out of range, or the radius is negative.

    Examples
    --------
    >>> score = matched_f1([[(5, 5), (40, 40)]], [[(6, 5), (40, 41)]], [[1, 2]], [[1, 1]], n_classes=2)
    >>> score.mean, score.per_class
    (0.3333333333333333, array([0.66666667, 0.        ]))
    """
    images = _images(true_yx, pred_yx, true_types, pred_types, n_classes, radius_px)
    counts = np.zeros((3, n_classes), np.int64)
    for a, a_kinds, b, b_kinds in images:
        for number in np.union1d(a_kinds[a_kinds > 0], b_kinds[b_kinds > 0]):
            mine, theirs = a[a_kinds == number], b[b_kinds == number]
            tp = len(pair_within(mine, theirs, radius_px)[0])
            counts[:, number - 1] += tp, len(theirs) - tp, len(mine) - tp
    per_class = _f1(counts[0], counts[1] + counts[2])
    there = np.isfinite(per_class)
    mean = float(per_class[there].mean()) if there.any() else float("nan")
    return MatchedF1(mean, per_class, *counts)


def _images(
    true_yx: Sequence[ArrayLike],
    pred_yx: Sequence[ArrayLike],
    true_types: Sequence[ArrayLike],
    pred_types: Sequence[ArrayLike],
    n_classes: int,
    radius_px: float,
) -> list[_Image]:
    """Centroids and types of the true and of the predicted nuclei of each image, checked."""
    check_classes(n_classes)
    check_lists({"true_yx": true_yx, "pred_yx": pred_yx, "true_types": true_types, "pred_types": pred_types})
    if not radius_px >= 0:
        raise NucleusError(f"Expected a radius from 0 px, got {radius_px}. The usual one is 12 px at 40×.")
    return [
        (*_nuclei(true_points, true_kinds, n_classes), *_nuclei(pred_points, pred_kinds, n_classes))
        for true_points, pred_points, true_kinds, pred_kinds in zip(
            true_yx, pred_yx, true_types, pred_types, strict=True
        )
    ]


def _nuclei(points: ArrayLike, kinds: ArrayLike, n_classes: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    centroids = np.require(points, np.float64, ("C", "W"))  # one kind is compiled
    numbers = np.asarray(kinds)
    if centroids.size == 0 and numbers.size == 0:
        return np.empty((0, 2)), np.empty(0, np.int64)
    if centroids.ndim != 2 or centroids.shape != (numbers.size, 2) or not np.isfinite(centroids).all():
        raise NucleusError(
            f"Expected centroids (N, 2) of finite numbers and N types, got shapes {centroids.shape} and "
            f"{numbers.shape}. Give one type a centroid."
        )
    types = numbers.ravel().astype(np.int64)
    whole = numbers.dtype.kind in "iu" or (types == numbers.ravel()).all()
    if types.view(np.uint64).max() > n_classes or not whole:  # what is negative is very large there
        raise NucleusError(
            f"Expected types 0 to {n_classes}, got {numbers.min()} to {numbers.max()}. Use 0 for unknown nuclei."
        )
    return centroids, types


def _f1(hits: NDArray[np.int64], errors: NDArray[np.int64]) -> NDArray[np.float64]:
    total = 2 * hits + errors
    return np.where(total > 0, 2 * hits / np.maximum(total, 1), np.nan)
