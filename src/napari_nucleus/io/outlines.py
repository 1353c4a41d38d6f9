"""Outlines of labelled pixels along the pixels' edges, and the pixels inside outlines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label as connected

Ring = list[tuple[int, int]]
"""Corners (x, y) of pixels, closed: the first is repeated at the end."""


def outlines(labels: NDArray[np.int32]) -> dict[int, list[list[Ring]]]:
    """Polygons of every label: exact, and valid as OGC and JTS (thus QuPath) understand it.

    Pixels that touch at a corner only are pieces of their own, and no ring touches itself. The cost grows with the
    pixels and the length of the outlines, not with nuclei × pixels.

    Parameters
    ----------
    labels : (H, W) int32
        0 = background.

    Returns
    -------
    dict
        Label to polygons; a polygon is its outer ring, then its holes. The pixel in row ``y`` and column ``x`` covers
        ``x..x + 1`` by ``y..y + 1``.
    """
    pieces = connected(labels, background=0, connectivity=1).astype(np.int32)
    shells: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = {}
    for piece, loop in _loops(pieces):
        for ring in _simple(loop):
            if _area(ring) > 0:
                shells[piece] = ring
            else:
                holes.setdefault(piece, []).append(ring)
    label_of = np.zeros(pieces.max(initial=0) + 1, np.int64)
    label_of[pieces.ravel()] = labels.ravel()
    polygons: dict[int, list[list[Ring]]] = {}
    for piece, shell in shells.items():
        polygons.setdefault(int(label_of[piece]), []).append([shell, *holes.get(piece, [])])
    return polygons


def _loops(pieces: NDArray[np.int32]) -> Iterator[tuple[int, Ring]]:
    """Each closed walk along the border of a piece: the piece, and the corners at which the walk turns."""
    owners, ends_x, ends_y, following, turning = _edges(pieces)
    seen = [False] * len(owners)
    for first, owner in enumerate(owners):
        loop: Ring = []
        edge = first
        while not seen[edge]:
            seen[edge] = True
            if turning[edge]:
                loop.append((ends_x[edge], ends_y[edge]))
            edge = following[edge]
        if loop:
            yield owner, loop


def _edges(pieces: NDArray[np.int32]) -> tuple[list[int], ...]:
    """All sides of pixels between two pieces, walked with the owner on the right.

    Returns
    -------
    owner, x and y of the end, index of the following edge, whether the walk turns there
    """
    padded = np.pad(pieces, 1)
    width = padded.shape[1]
    flat = padded.ravel()
    # Corner k lies between the pixels k (north-west), k + 1, k + width and k + width + 1 of the padded image.
    around = np.array([width + 1, width, 0, 1])  # south-east, south-west, north-west, north-east
    step = np.array([1, width, -1, -width])  # east, south, west, north: the owner is around[heading]
    starts, headings = [], []
    for direction in range(4):
        inner, outer = (flat[around[d] : len(flat) - width - 1 + around[d]] for d in (direction, direction - 1))
        found = np.flatnonzero((inner != outer) & (inner > 0))
        starts.append(found)
        headings.append(np.full(len(found), direction))
    start, heading = np.concatenate(starts), np.concatenate(headings)
    order = np.argsort(start * 4 + heading)
    start, heading = start[order], heading[order]
    owner, end = flat[start + around[heading]], start + step[heading]
    ahead_right, ahead_left = flat[end + around[heading]], flat[end + around[heading - 1]]
    turn = np.where(ahead_right != owner, 1, np.where(ahead_left != owner, 0, -1))  # right first: corners don't join
    following = np.searchsorted(start * 4 + heading, end * 4 + (heading + turn) % 4)
    return tuple(a.tolist() for a in (owner, end % width, end // width, following, turn != 0))


def _simple(loop: Ring) -> Iterator[Ring]:
    """The loop as closed rings that don't touch themselves."""
    if len(set(loop)) == len(loop):
        yield [*loop, loop[0]]
        return
    path: Ring = []
    place: dict[tuple[int, int], int] = {}
    for corner in [*loop, loop[0]]:
        if corner in place:
            cut = place[corner]
            yield [*path[cut:], corner]
            for left in path[cut + 1 :]:
                del place[left]
            del path[cut + 1 :]
        else:
            place[corner] = len(path)
            path.append(corner)


def _area(ring: Ring) -> int:
    """Twice the area inside a ring; below 0 for a hole."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring))


def fill(rings: Sequence[Sequence[Sequence[float]]], shape: tuple[int, int]) -> tuple[slice, slice, NDArray[np.bool_]]:
    """The pixels whose centre is inside: of an odd number of rings, so that holes and several pieces work.

    Parameters
    ----------
    rings : sequence of (N, 2) coordinates
        x then y; need not be whole numbers.
    shape : (int, int)
        Height and width of the image; what is outside is cut.

    Returns
    -------
    rows, columns : slice
        The smallest window that holds them.
    inside : bool array
        Of that window.
    """
    points = [np.asarray(ring, np.float64)[:, :2] for ring in rings]
    corners = np.concatenate(points)
    low, high = np.floor(corners.min(0)).clip(0), np.ceil(corners.max(0)).clip(None, shape[::-1])
    left, top = low.astype(int)
    width, height = (high - low).clip(0).astype(int)
    row, column = crossings([ring - (left, top) for ring in points], (height, width))
    toggles = np.bincount(row * (width + 1) + column, minlength=height * (width + 1)).reshape(height, width + 1)
    inside = np.cumsum(toggles, axis=1)[:, :-1] % 2 == 1
    return slice(top, top + height), slice(left, left + width), inside


def crossings(
    rings: Sequence[NDArray[np.float64]], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the edges of rings cross the rows of pixels: from there on all pixels of the row change sides.

    Parameters
    ----------
    rings : sequence of (N, 2) float
        x then y.
    shape : (int, int)
        Height and width; edges beside the image count at its border, those above and below it don't.

    Returns
    -------
    row, column : (K,) int64
        The first pixel whose centre lies beyond the crossing, column in 0..width; an even number a row.
    """
    height, width = shape
    points = [ring - 0.5 for ring in rings]  # centres of pixels on whole numbers
    start, stop = np.concatenate(points), np.concatenate([np.roll(ring, -1, axis=0) for ring in points])
    upwards = start[:, 1] > stop[:, 1]
    start[upwards], stop[upwards] = stop[upwards], start[upwards]  # an edge of two rings is rounded alike in both

    first, last = (np.ceil(end[:, 1]).clip(0, height).astype(np.int64) for end in (start, stop))
    edge = np.repeat(np.arange(len(start)), last - first)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(last - first) - last, last - first)
    (x0, y0), (x1, y1) = start[edge].T, stop[edge].T
    column = np.ceil(x0 + (row - y0) * (x1 - x0) / (y1 - y0)).clip(0, width).astype(np.int64)
    return row, column
