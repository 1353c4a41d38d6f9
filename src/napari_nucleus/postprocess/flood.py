"""The watershed, in time that grows with the pixels alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import watershed

# Beyond about this many pixels the watershed's queue leaves the processor's cache, and each step waits for memory.
_PIXELS_AT_ONCE = 1_000_000


def flood(energy: NDArray[np.float32], markers: NDArray[np.int32], mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Grow markers over a mask, lowest energy first, edge to edge.

    Equal to ``skimage.segmentation.watershed(energy, markers, mask=mask)``. Parts of the mask that don't touch can't
    meet, so they are flooded in groups, by the band of rows in which they begin.

    Parameters
    ----------
    energy : (H, W) float32
    markers : (H, W) int32
        Inside the mask; 0 where there is none.
    mask : (H, W) uint8
        1 where markers may grow, else 0.

    Returns
    -------
    (H, W) int32
        0 outside the mask, and in parts of it without marker.
    """
    _, part, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    top = boxes[:, cv2.CC_STAT_TOP]
    bottom = top + boxes[:, cv2.CC_STAT_HEIGHT]
    band = top // max(1, _PIXELS_AT_ONCE // mask.shape[1])
    band[0] = -1  # background
    labels = np.zeros(mask.shape, np.int32)
    for number in np.unique(band[1:]):
        own = band == number
        rows = np.s_[top[own].min() : bottom[own].max()]
        inside = own[part[rows]]
        labels[rows] += _grow(energy[rows], markers[rows] * inside, inside.astype(np.uint8))
    return labels


def _grow(energy: NDArray[np.float32], markers: NDArray[np.int32], mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Watershed from the rims of the markers: what lies within has no neighbour to conquer."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    marked = (markers > 0).astype(np.uint8)
    within = np.asarray(cv2.erode(marked, cross, borderType=cv2.BORDER_CONSTANT, borderValue=0), bool)
    grown = watershed(energy, np.where(within, 0, markers), mask=(mask > 0) & ~within)
    return np.where(within, markers, grown)
