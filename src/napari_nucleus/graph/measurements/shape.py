"""From sums over pixels to axes, perimeter and convex hull, as scikit-image defines them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_nucleus.graph.measurements.pixels import PixelSums


def axes(sums: PixelSums) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Longer and shorter axis (pixels) of the ellipse with the same second moments, and the longer one's direction.

    Returns
    -------
    longer, shorter : (N,) float64
        Whole axes, in pixels; 0 for a single pixel.
    orientation : (N,) float64
        Radians, in [-π/2, π/2]: 0 is down the image, positive turns towards the right.
    """
    area = np.maximum(sums.area, 1)
    y, x, yy, xx, yx = (sums.first / area[:, None]).T
    var_y, var_x, cov = np.maximum(yy - y * y, 0), np.maximum(xx - x * x, 0), yx - y * x
    middle, reach = (var_y + var_x) / 2, np.hypot((var_y - var_x) / 2, cov)
    orientation = 0.5 * np.arctan2(2 * cov, var_y - var_x)
    even = var_y == var_x
    orientation[even] = np.where(cov[even] > 0, np.pi / 4, -np.pi / 4)
    return 4 * np.sqrt(middle + reach), 4 * np.sqrt(np.maximum(middle - reach, 0)), orientation


def perimeters(sums: PixelSums) -> NDArray[np.float64]:
    """Length of the line through the centres of the edge pixels, in pixels (Benkrid and Crookes)."""
    length: NDArray[np.float64] = sums.steps @ np.array([1.0, np.sqrt(2), (1 + np.sqrt(2)) / 2])
    return length


def hull_areas(sums: PixelSums) -> NDArray[np.int64]:
    """Pixels whose centres lie in the convex hull of the middles of each nucleus's pixel edges."""
    return _hull_areas(sums.starts, sums.ends)


@njit(cache=True)
def _hull_areas(starts, ends):
    """Lengths are doubled, so that the middles of pixel edges are whole numbers and nothing is rounded."""
    n = len(starts) - 1
    areas = np.zeros(n, np.int64)
    tallest = 1
    for i in range(n):
        tallest = max(tallest, starts[i + 1] - starts[i])
    right, left = np.empty(2 * tallest + 1, np.int64), np.empty(2 * tallest + 1, np.int64)
    corners_y, corners_x = np.empty(2 * tallest + 1, np.int64), np.empty(2 * tallest + 1, np.int64)
    last_right, last_left = np.empty(tallest, np.int64), np.empty(tallest, np.int64)
    for i in range(n):
        rows = ends[starts[i] : starts[i + 1]]
        _outermost(rows[:, 1], 1, right)
        _outermost(rows[:, 0], -1, left)
        _reach(right, len(rows), corners_y, corners_x, last_right)
        _reach(left, len(rows), corners_y, corners_x, last_left)
        for row in range(len(rows)):
            areas[i] += last_right[row] + last_left[row] + 1
    return areas


@njit(cache=True)
def _outermost(columns, side, out):
    """Doubled column furthest to the right (side 1), or left as seen in a mirror (side -1), at each half row."""
    nothing = np.iinfo(np.int64).min
    for k in range(2 * len(columns) + 1):
        out[k] = nothing
    for row in range(len(columns)):
        if columns[row] < 0:
            continue
        column = 2 * side * columns[row]
        out[2 * row] = max(out[2 * row], column)
        out[2 * row + 1] = column + 1
        out[2 * row + 2] = max(out[2 * row + 2], column)


@njit(cache=True)
def _reach(points, n_rows, corners_y, corners_x, last):
    """Last whole column inside the convex hull of points (one a half row) at each row."""
    n = 0
    for y in range(2 * n_rows + 1):
        x = points[y]
        if x == np.iinfo(np.int64).min:
            continue
        while n >= 2:
            y1, x1, y2, x2 = corners_y[n - 2], corners_x[n - 2], corners_y[n - 1], corners_x[n - 1]
            if (x2 - x1) * (y - y1) > (x - x1) * (y2 - y1):  # the one before sticks out: it is a corner
                break
            n -= 1
        corners_y[n], corners_x[n] = y, x
        n += 1
    corner = 0
    for row in range(n_rows):
        y = 2 * row + 1
        while corners_y[corner + 1] < y:
            corner += 1
        y1, x1 = corners_y[corner], corners_x[corner]
        height = corners_y[corner + 1] - y1
        last[row] = (x1 * height + (corners_x[corner + 1] - x1) * (y - y1)) // (2 * height)
