"""Regions of an image: labelled, the small ones removed, renumbered; the cost grows with the pixels alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def components(mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Regions that hang together by the edges of their pixels, numbered 1, 2, …; (H, W)."""
    return np.asarray(cv2.connectedComponents(mask, connectivity=4)[1], np.int32)


def small_removed(labels: NDArray[np.int32], min_pixels: float) -> NDArray[np.int32]:
    """Labels of fewer pixels set to 0, the others renumbered 1, 2, … in their order."""
    area = np.bincount(labels.ravel(), minlength=1)
    kept = area >= min_pixels
    kept[0] = False
    number: NDArray[np.int32] = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return number[labels]


def in_reading_order(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Labels renumbered 1, 2, … by each one's first pixel, row by row."""
    flat = labels.ravel()
    inside = np.flatnonzero(flat)
    first = np.full(int(labels.max(initial=0)) + 1, -1)
    first[flat[inside[::-1]]] = inside[::-1]  # of several assignments the last one stays
    present = np.flatnonzero(first >= 0)
    number = np.zeros(len(first), np.int32)
    number[present[np.argsort(first[present])]] = np.arange(1, len(present) + 1)
    return number[labels]
