"""Patches that are read one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusMap

_MOST_PX = 2048  # a side of what is read for a thumbnail: of a slide without small levels, the middle must do


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """An image, and what is annotated in it.

    Attributes
    ----------
    name : str
        Unique in its set.
    image : Image
    truth : NucleusMap or None
        Of the image's size.
    tissue : str or None
    """

    name: str
    image: Image
    truth: NucleusMap | None = None
    tissue: str | None = None


class PatchSet(ABC):
    """The patches of a folder; opening it reads no pixels.

    Attributes
    ----------
    folder : Path
    names : tuple of str
        One a patch, all different.
    tissues : tuple of (str or None)
        One a patch.
    groups : dict of str to tuple of str
        What else is known of each patch, by what it is: ``fold``, ``patient``.
    """

    def __init__(
        self,
        folder: Path,
        names: tuple[str, ...],
        tissues: tuple[str | None, ...] | None = None,
        groups: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.folder, self.names = folder, names
        self.tissues = (None,) * len(names) if tissues is None else tissues
        self.groups = groups or {}

    def __len__(self) -> int:
        return len(self.names)

    def patch(self, i: int) -> Patch:
        """Read a patch.

        Raises
        ------
        NucleusError
            A file of it is broken, or image and truth don't fit together.
        """
        image = self.image(i)
        return Patch(self.names[i], image, self._truth(i, image), self.tissues[i])

    @abstractmethod
    def image(self, i: int) -> Image:
        """Read the image of a patch, without its truth."""

    @abstractmethod
    def _truth(self, i: int, image: Image) -> NucleusMap | None:
        """Read the truth of a patch; None where there is none."""

    def thumbnail(self, i: int, size: int = 96) -> NDArray[np.uint8]:
        """A small picture of the middle of a patch, (size, size, 3) uint8.

        Raises
        ------
        NucleusError
            The image can't be read.
        """
        levels = self.image(i).levels
        level = next((x for x in reversed(levels) if min(x.shape[:2]) >= size), levels[0])
        height, width = level.shape[:2]
        side = min(height, width, _MOST_PX)
        top, left = (height - side) // 2, (width - side) // 2
        square = np.ascontiguousarray(level[top : top + side, left : left + side])
        how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
        return cv2.resize(square, (size, size), interpolation=how).astype(np.uint8)

    def filter(self, text: str = "", tissue: str | None = None) -> list[int]:
        """Positions of the patches with ``text`` in their name or tissue, in any case, and of one tissue if given."""
        wanted = text.strip().lower()
        return [
            i
            for i, (name, kind) in enumerate(zip(self.names, self.tissues, strict=True))
            if (tissue is None or kind == tissue) and (wanted in name.lower() or wanted in (kind or "").lower())
        ]
