"""Boxes around nuclei."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.project.chunks import Box


def window(box: Box) -> tuple[slice, slice]:
    """The part of an image that a box is."""
    y0, x0, y1, x1 = box
    return slice(y0, y1), slice(x0, x1)


def around(boxes: Iterable[Box], margin: int = 0, shape: tuple[int, int] | None = None) -> Box:
    """The box around others, wider by a margin, within an image of a shape."""
    sides = np.array(list(boxes))
    (y0, x0), (y1, x1) = (sides[:, :2].min(axis=0) - margin).tolist(), (sides[:, 2:].max(axis=0) + margin).tolist()
    if shape is None:
        return y0, x0, y1, x1
    return max(0, y0), max(0, x0), min(shape[0], y1), min(shape[1], x1)


def painted(box: Box, pixels: NDArray[np.bool_], shape: tuple[int, int]) -> tuple[Box, NDArray[np.bool_]]:
    """What a brush has painted, as far as it lies within an image of a shape.

    Raises
    ------
    NucleusError
        Nothing does, or the pixels are not those of the box.
    """
    y0, x0, y1, x1 = box
    if pixels.shape != (y1 - y0, x1 - x0):
        raise NucleusError(f"Expected pixels of {(y1 - y0, x1 - x0)}, got {pixels.shape}. Give those of the box.")
    inner = max(0, y0), max(0, x0), min(shape[0], y1), min(shape[1], x1)
    within = pixels[max(0, inner[0] - y0) : max(0, inner[2] - y0), max(0, inner[1] - x0) : max(0, inner[3] - x0)]
    if not within.any():
        raise NucleusError("Expected a stroke within the image, got none. Paint again.")
    return inner, within.astype(bool)


def placed(pixels: NDArray[np.bool_], box: Box, within: Box) -> NDArray[np.bool_]:
    """Pixels of a box, as pixels of a box around it."""
    mask = np.zeros((within[2] - within[0], within[3] - within[1]), bool)
    y, x = box[0] - within[0], box[1] - within[1]
    mask[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
    return mask


def box_of(inside: NDArray[np.bool_]) -> Box:
    """The box around the pixels that are True; there must be some."""
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def boxes_of(labels: NDArray[np.int32], ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Boxes (N, 4) of all nuclei at once; ``ids`` (N,) rise and are those of the labels."""
    boxes = np.empty((len(ids), 4), np.int32)
    boxes[:, :2], boxes[:, 2:] = np.iinfo(np.int32).max, 0
    step = labels[:, 1:] != labels[:, :-1]  # a nucleus is runs of pixels: their first and last ones suffice
    edge = np.ones((len(labels), 1), bool)
    for ends, side, outermost in ((np.hstack([edge, step]), 0, np.minimum), (np.hstack([step, edge]), 2, np.maximum)):
        y, x = np.nonzero(ends & (labels > 0))
        owner = owners(labels[y, x], ids) - 1
        outermost.at(boxes[:, side], owner, y + (side > 0))
        outermost.at(boxes[:, side + 1], owner, x + (side > 0))
    return boxes


def owners(labels: NDArray[np.int32], ids: NDArray[np.int32]) -> NDArray[np.int64]:
    """Which of the ids (rising) each label is, counted from 1; 0 for background. The labels are among the ids."""
    highest = int(ids[-1]) if len(ids) else 0
    if highest > 4 * labels.size + 100_000:  # huge gaps
        return np.where(labels > 0, np.searchsorted(ids, labels) + 1, 0)
    place = np.zeros(highest + 1, np.int64)
    place[ids] = np.arange(1, len(ids) + 1)
    return place[labels]
