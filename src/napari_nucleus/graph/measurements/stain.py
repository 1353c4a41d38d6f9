"""Haematoxylin and eosin of each nucleus."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from skimage.color import hed_from_rgb

# Optical density of each grey value; 0 would be endless.
_DENSITY = -np.log10(np.maximum(np.arange(256), 1) / 255)


def stain_sums(row_of: NDArray[np.int32], n: int, image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Sums of stain over the pixels of each of ``n`` nuclei, (N, 5) float64.

    Stains are parted as by Ruifrok and Johnston 2001, in optical density (decadic).

    Parameters
    ----------
    row_of : (H, W) int32
        Nucleus of each pixel, 0 to n - 1; -1 on background.
    n : int
    image : (H, W, 3) uint8

    Returns
    -------
    (N, 5) float64
        Haematoxylin, its square, eosin; squared steps of haematoxylin between pixels beside each other, and how many.
    """
    sums: NDArray[np.float64] = _stain_sums(row_of, n, image, _DENSITY, hed_from_rgb)
    return sums


@njit(cache=True)
def _stain_sums(row_of, n, image, density, hed):
    height, width = row_of.shape
    sums = np.zeros((n, 5))
    above = np.zeros(width)
    for y in range(height):
        before = 0.0
        for x in range(width):
            i = row_of[y, x]
            if i < 0:
                continue
            r, g, b = density[image[y, x, 0]], density[image[y, x, 1]], density[image[y, x, 2]]
            h = r * hed[0, 0] + g * hed[1, 0] + b * hed[2, 0]
            sums[i, 0] += h
            sums[i, 1] += h * h
            sums[i, 2] += r * hed[0, 1] + g * hed[1, 1] + b * hed[2, 1]
            if x and row_of[y, x - 1] == i:
                sums[i, 3] += (h - before) ** 2
                sums[i, 4] += 1
            if y and row_of[y - 1, x] == i:
                sums[i, 3] += (h - above[x]) ** 2
                sums[i, 4] += 1
            above[x] = before = h
    return sums
