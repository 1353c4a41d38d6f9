"""The part of an image that is segmented."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.core import NucleusError, NucleusMap


@dataclass(frozen=True, slots=True)
class Region:
    """A box of an image, and where wanted the shapes in it that count.

    Attributes
    ----------
    y, x, height, width : int
        The box, in pixels.
    outlines : tuple
        Polygons, each a tuple of (y, x) in pixels of the image; nuclei centred outside all of them are dropped. Empty:
        everything in the box counts.
    """

    y: int
    x: int
    height: int
    width: int
    outlines: tuple[tuple[tuple[float, float], ...], ...] = ()

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> Region:
        """All of an image of (H, W) pixels."""
        return cls(0, 0, *shape)

    @classmethod
    def between(cls, low: Sequence[float], high: Sequence[float], shape: tuple[int, int]) -> Region:
        """The pixels from (y, x) ``low`` to ``high`` that an image of (H, W) pixels has.

        Raises
        ------
        NucleusError
            There are none.
        """
        top, left = (max(0, int(np.floor(v))) for v in low)
        bottom, right = (min(n, int(np.ceil(v))) for v, n in zip(high, shape, strict=True))
        if bottom <= top or right <= left:
            raise NucleusError("Expected a region on the image, got one beside it. Move the view or shapes onto it.")
        return cls(top, left, bottom - top, right - left)

    @classmethod
    def around(cls, outlines: Iterable[ArrayLike], shape: tuple[int, int]) -> Region:
        """The smallest box around polygons, (N, 2) of (y, x) each.

        Raises
        ------
        NucleusError
            There are no polygons, or none on the image.
        """
        polygons = [np.asarray(outline, float) for outline in outlines]
        if not polygons:
            raise NucleusError(
                "Expected a rectangle, ellipse or polygon, got none. Draw one in a Shapes layer, or change the extent."
            )
        corners = np.concatenate(polygons)
        box = cls.between(corners.min(0), corners.max(0), shape)
        drawn = tuple(tuple((float(y), float(x)) for y, x in polygon) for polygon in polygons)
        return cls(box.y, box.x, box.height, box.width, drawn)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Position and size, without the shapes."""
        return self.y, self.x, self.height, self.width

    def keep(self, nuclei: NucleusMap) -> NucleusMap:
        """The nuclei that are centred inside the outlines; ``nuclei`` is what was found in the box."""
        if not self.outlines:
            return nuclei
        rows = nuclei.table[["y_px", "x_px"]].round().to_numpy(np.int64)
        inside = self._mask()[rows[:, 0], rows[:, 1]]
        table = nuclei.table[inside].reset_index(drop=True)
        labels = np.where(np.isin(nuclei.labels, table["label"]), nuclei.labels, 0)
        return NucleusMap(labels, table, nuclei.mpp, nuclei.scheme)

    def _mask(self) -> NDArray[np.bool_]:
        mask = np.zeros((self.height, self.width), np.uint8)
        for outline in self.outlines:
            points = np.array(outline)[:, ::-1] - (self.x, self.y)
            cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], (1,))
        return mask.astype(bool)
