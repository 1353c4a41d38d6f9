"""Where a nucleus stands, as numbers that a classifier reads.

Guan et al. 2025 give each node its x and y as shares of a patch of 270 pixels. What a nucleus is then depends on where
the patch was cut. Our default tells of the neighbours alone, how far and on which sides they lie: the same numbers in
any tile, and in a mirrored or turned image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

_PATCH_UM = 270 * 0.25


def neighbour_offsets(centroids_um: NDArray[np.float64], edges: NDArray[np.int64]) -> NDArray[np.float32]:
    """What the offsets (µm) from each nucleus to its neighbours have in common, whatever their directions.

    Parameters
    ----------
    centroids_um : (N, 2) float
        y and x.
    edges : (2, E) int64
        Rows of neighbours, each pair once.

    Returns
    -------
    (N, 5) float32
        Shortest and longest offset, each over the mean length; length of the mean offset over the mean length (0 =
        neighbours all around, 1 = all on one side); how elongated their scatter is (0 = round, 1 = on a line);
        logarithm of 1 + their number. 0 without neighbours.

    Notes
    -----
    The mean length itself is left out: how dense a tissue is on the whole tells one image from another better than one
    class from another, and a classifier would learn the images.
    """
    n = len(centroids_um)
    start, end = np.concatenate([edges, edges[::-1]], 1)
    offset = centroids_um[end] - centroids_um[start]
    length = np.hypot(*offset.T)
    number = np.bincount(start, minlength=n)
    shortest, longest = np.full(n, np.inf), np.zeros(n)
    np.minimum.at(shortest, start, length)
    np.maximum.at(longest, start, length)
    shortest[number == 0] = 0

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(start, values, n) / np.maximum(number, 1)

    middle, (y, x) = mean(length), offset.T
    yy, xx, yx = mean(y * y), mean(x * x), mean(y * x)
    own = np.maximum(middle, 1e-9)
    lopsided = np.hypot(mean(y), mean(x)) / own
    elongated = np.hypot(yy - xx, 2 * yx) / np.maximum(yy + xx, 1e-9)
    columns = [shortest / own, longest / own, lopsided, elongated, np.log1p(number)]
    return np.stack(columns, 1).astype(np.float32)


def place_in_patch(centroids_um: NDArray[np.float64], edges: NDArray[np.int64]) -> NDArray[np.float32]:
    """Where in its patch of 270 pixels at 0.25 µm a nucleus lies: x, y as shares, (N, 2) (Guan et al. 2025)."""
    shares: NDArray[np.float32] = (centroids_um[:, ::-1] % _PATCH_UM / _PATCH_UM).astype(np.float32)
    return shares


POSITIONS: Mapping[str, Callable[[NDArray[np.float64], NDArray[np.int64]], NDArray[np.float32]]] = MappingProxyType(
    {"offsets": neighbour_offsets, "patch": place_in_patch}
)
"""Ways to tell a position, by name."""

POSITION_WIDTHS: Mapping[str, int] = MappingProxyType({"offsets": 5, "patch": 2})
"""Numbers that each gives a nucleus."""
