"""Boxes around nuclei."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.project.chunks import Box


def window(box: Box) -> tuple[slice, slice]:
    """The part of an image that a box is."""
    y0, x0, y1, x1 = box
    return slice(y0, y1), slice(x0, x1)


def around(boxes: Iterable[Box], margin: int = 0, shape: tuple[int, int] | None = None) -> Box:
    """The box around others, wider by a margin, within an image of a shape."""
    sides = np.array(list(boxes))
    y0, x0, y1, x1 = (*(sides[:, :2].min(0) - margin).tolist(), *(sides[:, 2:].max(0) + margin).tolist())
    if shape is None:
        return y0, x0, y1, x1
    return max(0, y0), max(0, x0), min(shape[0], y1), min(shape[1], x1)


def box_of(inside: NDArray[np.bool_], corner: tuple[int, int] = (0, 0)) -> Box:
    """The box around the pixels that are True; there must be some. ``corner`` is where the array begins."""
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    y, x = corner
    return y + int(rows[0]), x + int(columns[0]), y + int(rows[-1]) + 1, x + int(columns[-1]) + 1


def boxes_of(labels: NDArray[np.int32], ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Boxes (N, 4) of all nuclei at once; ``ids`` (N,) rise and are those of the labels."""
    y, x = np.nonzero(labels)
    owner = np.searchsorted(ids, labels[y, x])
    boxes = np.empty((len(ids), 4), np.int32)
    boxes[:, :2], boxes[:, 2:] = np.iinfo(np.int32).max, 0
    for side, values in enumerate((y, x)):
        np.minimum.at(boxes[:, side], owner, values)
        np.maximum.at(boxes[:, side + 2], owner, values + 1)
    return boxes
