"""Sums over the pixels of each nucleus: a few passes over the label map, all nuclei at once, whole numbers only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusError, NucleusMap


class PixelSums(NamedTuple):
    """What the pixels of each nucleus add up to; offsets count from the corner of its box.

    Attributes
    ----------
    area : (N,) int64
    box : (N, 4) int64
        First row, first column, last row + 1, last column + 1.
    first : (N, 5) int64
        Sums of the offsets y, x, and of their products yy, xx, yx.
    steps : (N, 3) int64
        Edge pixels that go straight on, aslant, or both, for `perimeters`.
    starts : (N + 1,) int64
        Where each nucleus's rows begin in ``ends``.
    ends : (R, 2) int64
        First and last column of each row of each box, offsets; (-1, -1) in a row without pixels.
    """

    area: NDArray[np.int64]
    box: NDArray[np.int64]
    first: NDArray[np.int64]
    steps: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def pixel_sums(row_of: NDArray[np.int32], n: int) -> PixelSums:
    """Sums for each of ``n`` nuclei; ``row_of`` (H, W) is each pixel's nucleus, 0 to n - 1, and -1 on background."""
    area, box = _boxes(row_of, n)
    starts = np.concatenate([[0], np.cumsum(box[:, 2] - box[:, 0])])
    first, ends = _moments(row_of, box, starts)
    return PixelSums(area, box, first, _edge_steps(row_of, n), starts, ends)


def rows_of(nuclei: NucleusMap) -> NDArray[np.int32]:
    """Row in the table of each pixel's nucleus, -1 on background."""
    ids = nuclei.table["label"].to_numpy(np.int64)
    labels = nuclei.labels
    if len(ids) and ids.max() > labels.size + 1_000_000:  # huge gaps
        order = np.argsort(ids)
        rows = np.full(labels.shape, -1, np.int32)
        inside = labels > 0
        rows[inside] = order[np.searchsorted(ids[order], labels[inside])]
        return rows
    row_of_label = np.full(int(ids.max(initial=0)) + 1, -1, np.int32)
    row_of_label[ids] = np.arange(len(ids))
    return row_of_label[labels]


def rgb_of(image: Image | NDArray[np.uint8], nuclei: NucleusMap) -> NDArray[np.uint8]:
    """The pixels of an image (H, W, 3); a `NucleusError` where it can't be the one that the nuclei lie in."""
    pixels = image.array if isinstance(image, Image) else np.asarray(image)
    if pixels.shape != (*nuclei.labels.shape, 3) or pixels.dtype != np.uint8:
        raise NucleusError(
            f"Expected an RGB image {(*nuclei.labels.shape, 3)} of uint8, got {pixels.shape} of {pixels.dtype}. Give "
            "the image that the nuclei were found in."
        )
    return pixels


@njit(cache=True)
def _boxes(row_of, n):
    area = np.zeros(n, np.int64)
    box = np.zeros((n, 4), np.int64)
    for y in range(row_of.shape[0]):
        for x in range(row_of.shape[1]):
            i = row_of[y, x]
            if i < 0:
                continue
            if area[i] == 0:
                box[i, 0], box[i, 1], box[i, 3] = y, x, x + 1
            box[i, 1] = min(box[i, 1], x)
            box[i, 3] = max(box[i, 3], x + 1)
            box[i, 2] = y + 1
            area[i] += 1
    return area, box


@njit(cache=True)
def _moments(row_of, box, starts):
    first = np.zeros((len(box), 5), np.int64)
    ends = np.full((starts[-1], 2), -1, np.int64)
    for y in range(row_of.shape[0]):
        for x in range(row_of.shape[1]):
            i = row_of[y, x]
            if i < 0:
                continue
            dy, dx = y - box[i, 0], x - box[i, 1]
            first[i, 0] += dy
            first[i, 1] += dx
            first[i, 2] += dy * dy
            first[i, 3] += dx * dx
            first[i, 4] += dy * dx
            row = starts[i] + dy
            if ends[row, 0] < 0:
                ends[row, 0] = dx
            ends[row, 1] = dx
    return first, ends


@njit(cache=True)
def _is_edge(row_of, y, x):
    i = row_of[y, x]
    height, width = row_of.shape
    if y == 0 or x == 0 or y == height - 1 or x == width - 1:
        return True
    return row_of[y - 1, x] != i or row_of[y + 1, x] != i or row_of[y, x - 1] != i or row_of[y, x + 1] != i


@njit(cache=True)
def _edge_steps(row_of, n):
    """Kinds of edge pixels by how many edge pixels of the same nucleus lie beside and aslant of them."""
    height, width = row_of.shape
    steps = np.zeros((n, 3), np.int64)
    for y in range(height):
        for x in range(width):
            i = row_of[y, x]
            if i < 0 or not _is_edge(row_of, y, x):
                continue
            beside = aslant = 0
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    v, u = y + dy, x + dx
                    if (dy == 0 and dx == 0) or v < 0 or u < 0 or v >= height or u >= width or row_of[v, u] != i:
                        continue
                    if _is_edge(row_of, v, u):
                        if dy == 0 or dx == 0:
                            beside += 1
                        else:
                            aslant += 1
            if beside in (2, 3) and aslant <= 2:
                steps[i, 0] += 1
            elif (beside == 0 and aslant == 2) or (beside == 1 and aslant == 3):
                steps[i, 1] += 1
            elif beside == 1 and aslant in (1, 2):
                steps[i, 2] += 1
    return steps
