"""Pairs of nuclei counted by the classes of both sides, in one pass. Compiled."""

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
