"""Overlapping tiles: where they lie, and how their answers become one map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: the network sees ``side`` pixels from (y, x), and its inner part is kept.

    Attributes
    ----------
    y, x : int
        Top left corner in the image; negative where the tile begins outside it.
    side : int
        Pixels along each side.
    margin : int
        Width of the rim that is seen and thrown away.
    """

    y: int
    x: int
    side: int
    margin: int

    def cut(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The tile's pixels, (side, side, 3); the image is mirrored beyond its border."""
        height, width = image.shape[:2]
        top, left = max(0, -self.y), max(0, -self.x)
        bottom, right = max(0, self.y + self.side - height), max(0, self.x + self.side - width)
        inside = image[max(0, self.y) : self.y + self.side, max(0, self.x) : self.x + self.side]
        return np.asarray(cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REFLECT_101), np.uint8)

    def paste(self, values: NDArray[np.float32], onto: NDArray[np.float32]) -> None:
        """Write the tile's inner part, of (C, side, side), into a map (C, H, W)."""
        y, x, core = self.y + self.margin, self.x + self.margin, self.side - 2 * self.margin
        height, width = min(core, onto.shape[1] - y), min(core, onto.shape[2] - x)
        rim = self.margin
        onto[:, y : y + height, x : x + width] = values[:, rim : rim + height, rim : rim + width]


def tile_grid(shape: tuple[int, int], side: int, margin: int, multiple: int) -> list[Tile]:
    """Tiles whose inner parts cover an image exactly once.

    A small image gets one tile, just large enough. Corners lie on multiples of ``multiple``, the network's coarsest
    stride, so that its grid falls on the same pixels in every tile.

    Parameters
    ----------
    shape : (H, W)
    side, margin : int
        Multiples of ``multiple``; ``side`` above twice the margin.
    """
    needed = max(shape) + 2 * margin
    side = min(side, -(-needed // multiple) * multiple)
    core = side - 2 * margin
    return [
        Tile(y - margin, x - margin, side, margin) for y in range(0, shape[0], core) for x in range(0, shape[1], core)
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
