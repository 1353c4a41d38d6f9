"""Overlapping tiles: where they lie, and how their answers become one map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Span:
    """A tile along one axis: the network sees ``size`` pixels from ``start``, of which ``first`` to ``end`` stay."""

    start: int
    size: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: where the network looks, and the part of its answer that is kept."""

    y: Span
    x: Span

    def cut(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The tile's pixels, (y.size, x.size, 3); beyond its last pixels the image is mirrored."""
        y, x = self.y, self.x
        inside = image[y.start : y.start + y.size, x.start : x.start + x.size]
        below, right = y.size - inside.shape[0], x.size - inside.shape[1]
        return np.asarray(cv2.copyMakeBorder(inside, 0, below, 0, right, cv2.BORDER_REFLECT_101), np.uint8)

    def paste(self, values: NDArray[np.float32], onto: NDArray[np.float32]) -> None:
        """Write the kept part of an answer (C, y.size, x.size) into a map (C, H, W)."""
        y, x = self.y, self.x
        kept = values[:, y.first - y.start : y.end - y.start, x.first - x.start : x.end - x.start]
        onto[:, y.first : y.end, x.first : x.end] = kept


def tile_grid(shape: tuple[int, int], core: int, margin: int, multiple: int) -> list[Tile]:
    """Tiles of one size whose kept parts cover an image exactly once.

    Each sees ``margin`` pixels more on every side, as far as there is image. An image that is no larger than ``core``
    is one tile. Tiles begin on multiples of ``multiple``, the network's coarsest stride, so that its grid falls on the
    same pixels in each.

    Parameters
    ----------
    shape : (H, W)
    core : int
        Most pixels that are kept along a side; a multiple of ``multiple``, as is ``margin``.
    """
    rows, columns = (_spans(length, core, margin, multiple) for length in shape)
    return [Tile(y, x) for y in rows for x in columns]


def _spans(length: int, core: int, margin: int, multiple: int) -> list[Span]:
    def padded(pixels: int) -> int:
        return -(-pixels // multiple) * multiple

    count = -(-length // core)
    step = padded(-(-length // count))
    size = padded(length) if count == 1 else min(step + 2 * margin, padded(length))
    return [
        Span(max(0, min(first - margin, padded(length) - size)), size, first, min(first + step, length))
        for first in range(0, length, step)
    ]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a large image that is decoded at once: nuclei centred in its core are its own.

    Attributes
    ----------
    y, x, height, width : int
        The core; the cores of all blocks cover the image exactly once.
    top, left, bottom, right : int
        The region that is read: the core and a halo wider than a nucleus, cut at the image's border.
    """

    y: int
    x: int
    height: int
    width: int
    top: int
    left: int
    bottom: int
    right: int


def blocks(shape: tuple[int, int], side: int, halo: int) -> Iterator[Block]:
    """Blocks of an image, row by row."""
    for y in range(0, shape[0], side):
        for x in range(0, shape[1], side):
            height, width = min(side, shape[0] - y), min(side, shape[1] - x)
            bottom, right = min(shape[0], y + height + halo), min(shape[1], x + width + halo)
            yield Block(y, x, height, width, max(0, y - halo), max(0, x - halo), bottom, right)
