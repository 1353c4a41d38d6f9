"""Pairs of nuclei counted by the classes of both sides, and scores of the counts. Compiled."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.metrics.compiled import compiled

_Yx = NDArray[np.float64]
_Indices = NDArray[np.int64]


@compiled
def tally(
    true: _Yx, pred: _Yx, true_kinds: _Indices, pred_kinds: _Indices, i: _Indices, j: _Indices, radius_px: float, n: int
) -> tuple[_Indices, _Indices, _Indices]:
    """Pairs ``i, j`` within the radius by true and predicted class (n, n), and all nuclei of each side by class (n,).

    Classes are 0 to ``n - 1``.
    """
    pairs, in_true, in_pred = np.zeros((n, n), np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    for kind in true_kinds:
        in_true[kind] += 1
    for kind in pred_kinds:
        in_pred[kind] += 1
    for k in range(len(i)):
        dy, dx = true[i[k], 0] - pred[j[k], 0], true[i[k], 1] - pred[j[k], 1]
        if math.sqrt(dy * dy + dx * dx) <= radius_px:
            pairs[true_kinds[i[k]], pred_kinds[j[k]]] += 1
    return pairs, in_true, in_pred


@compiled
def detection_scores(pairs: _Indices, in_true: _Indices, in_pred: _Indices) -> tuple[float, NDArray[np.float64]]:
    """HoVer-Net's F_d, and F_c of class 1 and up (n - 1,), of counts as by `tally`; nan where there are no nuclei."""
    n = len(pairs)
    of_true, of_pred = pairs.sum(1), pairs.sum(0)
    paired, f_c = pairs.sum(), np.empty(n - 1)
    f_d = _f1(paired, in_true.sum() + in_pred.sum() - 2 * paired)
    for kind in range(1, n):
        right = pairs[kind, kind]
        wrong = of_true[kind] + of_pred[kind] - pairs[0, kind] - 2 * right  # a partner of no known class is no error
        alone = in_true[kind] - of_true[kind] + in_pred[kind] - of_pred[kind]
        f_c[kind - 1] = _f1(right, 2 * wrong + alone)
    return f_d, f_c


@compiled
def _f1(hits: int, errors: int) -> float:
    return 2 * hits / (2 * hits + errors) if hits + errors else np.nan
