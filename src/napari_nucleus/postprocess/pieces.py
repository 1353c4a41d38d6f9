"""Nuclei in one piece and without holes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import label as connected


def whole(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Each label's largest piece, together with what it encloses; other pieces become background.

    A piece hangs together by the edges of its pixels. Enclosed are background and lost pieces that touch neither
    another label nor the edge of the image; a nucleus within another stays one of its own.

    Parameters
    ----------
    labels : (H, W) int32
        0 = background.

    Returns
    -------
    (H, W) int32
    """
    kept = _largest_pieces(labels)
    n_gaps, gap = cv2.connectedComponents((kept == 0).astype(np.uint8), connectivity=4)
    enclosed = np.ones(n_gaps, bool)
    enclosed[0] = False
    for rim in (gap[0], gap[-1], gap[:, 0], gap[:, -1]):
        enclosed[rim] = False
    y, x = np.nonzero(enclosed[gap])
    kept[y, x] = _surrounding(kept, y, x, gap[y, x], n_gaps)
    return kept


def _largest_pieces(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Labels without all but the largest piece of each; of equal ones, the first stays."""
    pieces = connected(labels, background=0, connectivity=1)
    area = np.bincount(pieces.ravel())
    label_of = np.zeros(len(area), np.int32)
    label_of[pieces.ravel()] = labels.ravel()
    rising = np.argsort(-area, kind="stable")[::-1]
    largest = np.zeros(label_of.max(initial=0) + 1, np.int64)
    largest[label_of[rising]] = rising  # of several assignments the last one stays
    stays = np.zeros(len(area), bool)
    stays[largest] = True
    return np.where(stays[pieces], labels, 0)


def _surrounding(
    kept: NDArray[np.int32], y: NDArray[np.intp], x: NDArray[np.intp], gap: NDArray[np.int32], n_gaps: int
) -> NDArray[np.int32]:
    """The label that alone surrounds each pixel's gap, or 0; no pixel lies at the edge of the image."""
    lowest, highest = np.full(n_gaps, np.iinfo(np.int32).max, np.int32), np.zeros(n_gaps, np.int32)
    for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        beside = kept[y + dy, x + dx]
        np.minimum.at(lowest, gap[beside > 0], beside[beside > 0])
        np.maximum.at(highest, gap, beside)
    return np.where(lowest == highest, highest, 0)[gap]
