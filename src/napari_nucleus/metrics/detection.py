"""F1 of detection, and of detection with the right class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics.pairing import pair_centroids


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
    if not len(true_yx) == len(pred_yx) == len(true_types) == len(pred_types):
        sizes = f"{len(true_yx)}, {len(pred_yx)}, {len(true_types)} and {len(pred_types)}"
        raise NucleusError(f"Expected four lists with an item an image, got {sizes} items. Give one item an image.")
    side = n_classes + 1
    pairs = np.zeros((side, side), np.int64)
    missed, extra = np.zeros(side, np.int64), np.zeros(side, np.int64)
    for true_points, pred_points, true_kinds, pred_kinds in zip(true_yx, pred_yx, true_types, pred_types, strict=True):
        a, a_kinds = _nuclei(true_points, true_kinds, n_classes)
        b, b_kinds = _nuclei(pred_points, pred_kinds, n_classes)
        i, j = pair_centroids(a, b, radius_px)
        pairs += np.bincount(a_kinds[i] * side + b_kinds[j], minlength=side * side).reshape(side, side)
        missed += np.bincount(np.delete(a_kinds, i), minlength=side)
        extra += np.bincount(np.delete(b_kinds, j), minlength=side)

    right = np.diag(pairs)[1:]
    wrong = pairs[1:].sum(0)[1:] - right + pairs[1:].sum(1) - right
    f_c = _f1(right, 2 * wrong + extra[1:] + missed[1:])
    return DetectionF1(float(_f1(pairs.sum(), extra.sum() + missed.sum())), f_c)


def _nuclei(points: ArrayLike, kinds: ArrayLike, n_classes: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    centroids = np.asarray(points, np.float64)
    numbers = np.asarray(kinds)
    if centroids.size == 0 and numbers.size == 0:
        return np.empty((0, 2)), np.empty(0, np.int64)
    if centroids.ndim != 2 or centroids.shape != (numbers.size, 2) or not np.isfinite(centroids).all():
        raise NucleusError(
            f"Expected centroids (N, 2) of finite numbers and N types, got shapes {centroids.shape} and "
            f"{numbers.shape}. Give one type a centroid."
        )
    if not np.isin(numbers, np.arange(n_classes + 1)).all():
        raise NucleusError(
            f"Expected types 0 to {n_classes}, got {numbers.min()} to {numbers.max()}. Use 0 for unknown nuclei."
        )
    return centroids, numbers.astype(np.int64).ravel()


def _f1(hits: NDArray[np.int64], errors: NDArray[np.int64]) -> NDArray[np.float64]:
    total = 2 * hits + errors
    return np.where(total > 0, 2 * hits / np.maximum(total, 1), np.nan)
