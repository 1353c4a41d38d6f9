"""Geometry of crops: where one lies in its image, how it is zoomed and turned, and what becomes of its targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.training.dense_targets import DENSE_TARGETS, DenseTarget
from napari_nucleus.training.symmetry import Symmetry, turn_vectors

# Brightness of a slide's empty glass: what a crop shows beyond the image.
GLASS = 240
# Pixels around a crop in which targets are made as well, so that nuclei at its edge are seen whole.
_MARGIN = 32


@dataclass(frozen=True, slots=True)
class Move:
    """How an image is changed in its plane: zoomed, turned by an angle, then mirrored and turned by quarters.

    Attributes
    ----------
    zoom : float
        Above 1, things become larger.
    angle : float
        In degrees, counter-clockwise as it is seen.
    symmetry : Symmetry
    """

    zoom: float = 1.0
    angle: float = 0.0
    symmetry: Symmetry = field(default_factory=Symmetry)

    def reach(self, side: int) -> int:
        """Side of the square of the image that becomes a crop of ``side`` pixels."""
        return max(1, round(side / self.zoom))


@dataclass(frozen=True)
class Cut:
    """One crop: a square of an image, moved. What belongs to one image is cut with one `Cut`, and stays in register.

    Labels and maps are taken from the nearest pixel, so that no value is invented; what lies outside is 0. With an
    angle, the square is turned about its middle, and its corners show what lies beside it.

    Attributes
    ----------
    y, x : int
        Top left corner of the square, which is `Move.reach` pixels wide.
    side : int
        Of the crop, in pixels.
    move : Move
    """

    y: int
    x: int
    side: int
    move: Move = field(default_factory=Move)

    @property
    def reach(self) -> int:
        """Side of the square in the image."""
        return self.move.reach(self.side)

    def image(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The crop (S, S, 3) of an image (H, W, 3); outside there is glass."""
        if self.move.angle:
            y, x = (position[self._inner] - np.float32(0.5) for position in self._positions)
            glass = (GLASS, GLASS, GLASS)
            cut = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=glass)
        else:
            cut = _window(image, self.y, self.x, self.reach, fill=GLASS)
            if self.reach != self.side:
                smooth = cv2.INTER_AREA if self.reach > self.side else cv2.INTER_LINEAR
                cut = cv2.resize(cut, (self.side, self.side), interpolation=smooth)
        return self.move.symmetry.turn(np.asarray(cut, np.uint8))

    def nearest(self, array: NDArray) -> NDArray:
        """The crop (S, S, …) of labels, types or any map (H, W, …)."""
        return self.move.symmetry.turn(self._nearest(array))

    def target(self, name: str, target: NDArray, labels: NDArray[np.integer]) -> NDArray[np.float32]:
        """The crop (S, S, C) of a dense target (H, W, C), as the target of the moved image.

        Vectors turn with it. What isn't the same any more after such a move is made anew, from the moved labels.

        Parameters
        ----------
        name : str
            One of `DENSE_TARGETS`.
        target : (H, W, C) float
        labels : (H, W) int
            Of the whole image.

        Raises
        ------
        NucleusError
            The target can be neither turned by an angle nor made from labels.
        """
        kind = DENSE_TARGETS[name]
        stays = (kind.rotates or not self.move.angle) and (kind.zooms or self.reach == self.side)
        if stays:
            cut = self._nearest(target).astype(np.float32)
            if kind.x is not None and self.move.angle:
                cut = turn_vectors(cut, self.move.angle, kind.x)
        else:
            cut = self._made(kind, name, labels)
        return kind.turn(cut, self.move.symmetry)

    def _made(self, kind: DenseTarget, name: str, labels: NDArray[np.integer]) -> NDArray[np.float32]:
        if kind.make is None:
            raise NucleusError(
                f"Expected crops without an angle, which {name!r} can't follow, got {self.move.angle:.0f}°. "
                "Set rotation = 0."
            )
        around = _at(labels, *self._positions)
        return np.moveaxis(kind.make(around)[:, *self._inner], 0, -1)

    def _nearest(self, array: NDArray) -> NDArray:
        """The crop, before it is mirrored."""
        if self.move.angle:
            return _at(array, *(p[self._inner] for p in self._positions))
        nearest = np.minimum(((np.arange(self.side) + 0.5) * self.reach / self.side).astype(int), self.reach - 1)
        return _window(array, self.y, self.x, self.reach)[nearest][:, nearest]

    @property
    def _inner(self) -> tuple[slice, slice]:
        """The crop without the margin around it."""
        return (slice(_MARGIN, _MARGIN + self.side),) * 2

    @cached_property
    def _positions(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Where in the image, from its top left corner, the middle of each pixel of crop and margin lies."""
        offset = np.arange(-_MARGIN, self.side + _MARGIN, dtype=np.float32) + np.float32(0.5 - self.side / 2)
        offset *= self.reach / self.side
        v, u = offset[:, None], offset[None]
        c, s = (np.float32(f(np.deg2rad(self.move.angle))) for f in (np.cos, np.sin))
        middle = np.float32(self.reach / 2)
        return self.y + middle + (s * u + c * v), self.x + middle + (c * u - s * v)


def _at(array: NDArray, y: NDArray[np.float32], x: NDArray[np.float32]) -> NDArray:
    """Values of an array (H, W, …) at positions; 0 outside."""
    height, width = array.shape[:2]
    row, column = np.floor(y).astype(np.intp), np.floor(x).astype(np.intp)
    outside = (row < 0) | (row >= height) | (column < 0) | (column >= width)
    if not outside.any():
        return array[row, column]
    values = array[row.clip(0, height - 1), column.clip(0, width - 1)]
    values[outside] = 0
    return values


def _window(array: NDArray, y: int, x: int, reach: int, fill: int = 0) -> NDArray:
    """A square of an array (H, W, …); what lies outside is ``fill``."""
    height, width = array.shape[:2]
    if y >= 0 and x >= 0 and y + reach <= height and x + reach <= width:
        return array[y : y + reach, x : x + reach]
    window = np.full((reach, reach, *array.shape[2:]), fill, array.dtype)
    top, left, bottom, right = max(y, 0), max(x, 0), min(y + reach, height), min(x + reach, width)
    if top < bottom and left < right:
        window[top - y : bottom - y, left - x : right - x] = array[top:bottom, left:right]
    return window
