"""Label maps in squares, so that an edit writes only what lies around it."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SIDE = 256
Box = tuple[int, int, int, int]
"""First row, first column, last row + 1, last column + 1."""


def read_box(base: sqlite3.Connection, image: int, box: Box) -> NDArray[np.int32]:
    """Labels in a box, (height, width) int32; a square that was never written is background."""
    y0, x0, y1, x1 = box
    labels = np.zeros((y1 - y0, x1 - x0), np.int32)
    found = base.execute(
        "SELECT y, x, labels FROM chunk WHERE image = ? AND y BETWEEN ? AND ? AND x BETWEEN ? AND ?",
        (image, y0 // SIDE, (y1 - 1) // SIDE, x0 // SIDE, (x1 - 1) // SIDE),
    )
    for y, x, packed in found:
        inside, there = _overlap(box, y, x)
        labels[inside] = unpacked(packed, (SIDE, SIDE))[there]
    return labels


def write_box(base: sqlite3.Connection, image: int, box: Box, labels: NDArray[np.int32]) -> None:
    """Write labels (height, width) into a box."""
    for y, x in _squares(box):
        inside, there = _overlap(box, y, x)
        row = base.execute("SELECT labels FROM chunk WHERE image = ? AND y = ? AND x = ?", (image, y, x)).fetchone()
        square = np.zeros((SIDE, SIDE), np.int32) if row is None else unpacked(row[0], (SIDE, SIDE))
        square[there] = labels[inside]
        base.execute("INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?)", (image, y, x, packed(square)))


def packed(labels: NDArray[np.int32]) -> bytes:
    """Labels as bytes; whole squares of background take next to nothing."""
    return zlib.compress(np.ascontiguousarray(labels, "<i4").tobytes(), 1)


def unpacked(content: bytes, shape: tuple[int, int]) -> NDArray[np.int32]:
    """What `packed` packed."""
    return np.frombuffer(zlib.decompress(content), "<i4").reshape(shape).astype(np.int32)


def _squares(box: Box) -> Iterator[tuple[int, int]]:
    y0, x0, y1, x1 = box
    for y in range(y0 // SIDE, (y1 - 1) // SIDE + 1):
        for x in range(x0 // SIDE, (x1 - 1) // SIDE + 1):
            yield y, x


def _overlap(box: Box, y: int, x: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a box and a square meet: slices of the box's content, and of the square's."""
    inside, there = [], []
    for first, last, place in ((box[0], box[2], y), (box[1], box[3], x)):
        low, high = max(first, place * SIDE), min(last, (place + 1) * SIDE)
        inside.append(slice(low - first, high - first))
        there.append(slice(low - place * SIDE, high - place * SIDE))
    return (inside[0], inside[1]), (there[0], there[1])
