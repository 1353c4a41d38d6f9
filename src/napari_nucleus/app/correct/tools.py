"""From where the pointer went to the nuclei that are meant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.correct.mode import Place


def inside(columns: NDArray[np.void], trace: Sequence[Place], *, box: bool = False) -> list[int]:
    """Labels of the nuclei whose centres lie within a line that is closed, or within the box of two corners.

    Parameters
    ----------
    columns : structured array
        With ``label``, ``y`` and ``x``, in pixels.
    trace : sequence of Place
    box : bool
    """
    corners = np.asarray(trace, np.float64)
    (y0, x0), (y1, x1) = corners.min(0), corners.max(0)
    near = columns[(columns["y"] >= y0) & (columns["y"] <= y1) & (columns["x"] >= x0) & (columns["x"] <= x1)]
    if not box and len(near):
        from skimage.measure import points_in_poly

        near = near[points_in_poly(np.stack([near["y"], near["x"]], 1), corners)]
    return [int(label) for label in near["label"]]


def crossed(labels: NDArray[np.int32], line: Sequence[Place]) -> int:
    """The nucleus (H, W) that most of a line lies in; 0 where it meets none."""
    (y0, x0), (y1, x1) = line
    n = int(max(abs(y1 - y0), abs(x1 - x0))) + 2
    y = np.clip(np.rint(np.linspace(y0, y1, n)), 0, labels.shape[0] - 1).astype(int)
    x = np.clip(np.rint(np.linspace(x0, x1, n)), 0, labels.shape[1] - 1).astype(int)
    found, counts = np.unique(labels[y, x], return_counts=True)
    found, counts = found[found > 0], counts[found > 0]
    return int(found[counts.argmax()]) if len(found) else 0
