"""How many nuclei of each class there are, and how well predicted numbers follow the true ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.core.nuclei import as_labels
from napari_nucleus.metrics.classes import class_map, pieces_of
from napari_nucleus.metrics.overlap import runs


@dataclass(frozen=True, slots=True, eq=False)
class CountR2:
    """Coefficient of determination of counts.

    Attributes
    ----------
    mean : float
        Over the classes.
    per_class : (C,) float64
        Class 1 first.
    """

    mean: float
    per_class: NDArray[np.float64]


def count_nuclei(labels: ArrayLike, types: ArrayLike, n_classes: int, crop_px: int | None = None) -> NDArray[np.int64]:
    """Nuclei of each class in an image, or in its central square, as CoNIC counts them (Graham et al. 2024).

    CoNIC counts in the central 224×224 of 256×256 px: every nucleus that has a pixel of the class there, be it cut by
    the square's edge or not (public ``extract_patches.py``). With an odd margin the square lies nearer to the top left.
    A nucleus whose pixels have several classes counts in each of them.

    Parameters
    ----------
    labels : (H, W) integers
        Label image, 0 = background.
    types : (H, W) integers
        Class of each pixel, 1 to ``n_classes``; nuclei of class 0 are not counted.
    n_classes : int
    crop_px : int, optional
        Side of the central square; the whole image by default.

    Returns
    -------
    (C,) int64
        Class 1 first; zeros where there are no nuclei.

    Raises
    ------
    NucleusError
        One is no label image or class map, their shapes differ, a class is out of range, or the square does not fit.

    Examples
    --------
    >>> labels = [[1, 0, 0, 2], [1, 1, 0, 2], [0, 0, 0, 0], [3, 0, 0, 0]]
    >>> types = [[1, 0, 0, 2], [1, 1, 0, 2], [0, 0, 0, 0], [1, 0, 0, 0]]
    >>> count_nuclei(labels, types, 2), count_nuclei(labels, types, 2, crop_px=2)
    (array([2, 1]), array([1, 0]))
    """
    labels = as_labels(labels)
    kinds = class_map(labels, types, n_classes)
    if crop_px is not None:
        middle = _centre(labels.shape, crop_px)
        labels, kinds = labels[middle], kinds[middle]
    start, length = runs(labels, kinds)
    found = pieces_of(labels.ravel()[start], kinds.ravel()[start], length, n_classes)
    return np.bincount(found.types, minlength=n_classes + 1)[1:]


def count_r2(true_counts: ArrayLike, pred_counts: ArrayLike) -> CountR2:
    r"""Coefficient of determination of nuclei per image, class by class (Graham et al. 2024, CoNIC).

    .. math:: R^2_c = 1 - \frac{\sum_n (y_{n,c} - \hat y_{n,c})^2}{\sum_n (y_{n,c} - \bar y_c)^2}

    1 for exact counts, 0 for as good as always guessing the mean, below 0 for worse. Zhang et al. (eq. 3) print the
    numerator without its square, so that errors of opposite sign would cancel; the square is meant. Equals CoNIC's
    ``get_multi_r2``, which takes scikit-learn's ``r2_score``.

    Parameters
    ----------
    true_counts, pred_counts : (N, C) numbers
        Nuclei of each class, a row an image; see `count_nuclei`.

    Returns
    -------
    CountR2
        A class of the same number in every true image (as one that has none) has no variance to explain: 1 where all
        predicted counts are exact, otherwise 0, as in scikit-learn. Fewer than two images: nan.

    Raises
    ------
    NucleusError
        Shapes differ, or a count is negative or not finite.

    Examples
    --------
    >>> count_r2([[3, 0], [5, 0], [7, 0]], [[4, 0], [5, 0], [6, 0]])
    CountR2(mean=0.875, per_class=array([0.75, 1.  ]))
    """
    true, pred = np.asarray(true_counts, np.float64), np.asarray(pred_counts, np.float64)
    _check_counts(true, pred)
    if len(true) < 2:
        return CountR2(float("nan"), np.full(true.shape[1], np.nan))
    residual = ((true - pred) ** 2).sum(0)
    variance = ((true - true.mean(0)) ** 2).sum(0)
    varies = variance > 0
    per_class = np.where(varies, 1 - residual / np.where(varies, variance, 1), np.where(residual == 0, 1.0, 0.0))
    return CountR2(float(per_class.mean()), per_class)


def _centre(shape: tuple[int, ...], side: int) -> tuple[slice, ...]:
    if not 1 <= side <= min(shape):
        raise NucleusError(f"Expected a central square of 1 to {min(shape)} px, got {side}. Choose one that fits.")
    return tuple(slice((size - side) // 2, (size - side) // 2 + side) for size in shape)


def _check_counts(true: NDArray[np.float64], pred: NDArray[np.float64]) -> None:
    if true.ndim != 2 or true.shape != pred.shape or true.shape[1] == 0:
        raise NucleusError(
            f"Expected counts (N, C) of truth and prediction, got shapes {true.shape} and {pred.shape}. "
            "Give a row an image and a column a class."
        )
    both = np.concatenate([true, pred])
    if not (np.isfinite(both) & (both >= 0)).all():
        raise NucleusError("Expected counts from 0, got negative or missing ones. Count nuclei with count_nuclei.")
