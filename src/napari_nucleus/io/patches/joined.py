"""Several sets of patches as one, such as the folds of PanNuke."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from napari_nucleus.core import Image, NucleusError, NucleusMap
from napari_nucleus.io.patches.patch_set import PatchSet


class JoinedPatches(PatchSet):
    """The patches of one set, then those of the next.

    Parameters
    ----------
    folder : Path
        That holds them all.
    parts : sequence of PatchSet
        Grouped by the same things.

    Raises
    ------
    NucleusError
        Two patches have one name.
    """

    def __init__(self, folder: Path, parts: Sequence[PatchSet]) -> None:
        self._parts = tuple(parts)
        self._starts = [0, *accumulate(len(part) for part in self._parts)]
        names = tuple(name for part in self._parts for name in part.names)
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise NucleusError(
                f"Expected patches of different names, got {twice} twice. Open one part. Folder: {folder}"
            )
        tissues = tuple(tissue for part in self._parts for tissue in part.tissues)
        groups = {
            what: tuple(group for part in self._parts for group in part.groups[what]) for what in self._parts[0].groups
        }
        super().__init__(folder, names, tissues, groups)

    def image(self, i: int) -> Image:
        """Read the image of a patch, without its truth."""
        part, own = self._part(i)
        return part.image(own)

    def _truth(self, i: int, image: Image) -> NucleusMap | None:
        part, own = self._part(i)
        return part._truth(own, image)

    def _part(self, i: int) -> tuple[PatchSet, int]:
        which = bisect_right(self._starts, i) - 1
        return self._parts[which], i - self._starts[which]
