"""From the classes of a data set to those that are learnt; by name, never by number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap
from napari_nucleus.training.losses.unknown import UNKNOWN
from napari_nucleus.training.recipe import DataSource
from napari_nucleus.training.recipe_reading import unlike

_NUMBERS, _NOTHING = "classes", "nucleus"  # schemes of files that don't name their classes, or have none


class Crosswalk:
    """What each class of a source becomes.

    Names go by the recipe's table; without one by the crosswalk that their scheme knows, or to the same names. Numbers
    whose meaning nothing tells are taken as those of the recipe's scheme.

    Parameters
    ----------
    source : DataSource
    target : ClassScheme
        That is learnt.

    Raises
    ------
    NucleusError
        The table leads to a class that the target lacks.
    """

    def __init__(self, source: DataSource, target: ClassScheme) -> None:
        self._source, self._target = source, target
        self._met: dict[str, None] = {}
        for name, goal in source.crosswalk.items():
            if goal not in (*target.classes, "unknown"):
                raise unlike(f"crosswalk.{name} to be a class of {target.name}", goal, (*target.classes, "unknown"))

    def __call__(self, nuclei: NucleusMap) -> NDArray[np.uint8]:
        """The number that each number of the nuclei's classes becomes, "unknown" (0) first; `UNKNOWN` for no class.

        Raises
        ------
        NucleusError
            No way leads from the nuclei's classes to those that are learnt.
        """
        numbers = np.full(1 + len(nuclei.scheme), UNKNOWN, np.uint8)
        if nuclei.scheme.name == _NOTHING and self._target.name != _NOTHING:
            return numbers
        self._met |= dict.fromkeys(nuclei.scheme.classes)
        if nuclei.scheme.name == _NUMBERS and not self._source.crosswalk:
            return self._counted(len(nuclei.scheme))
        names = self._names(nuclei.scheme)
        for i, name in enumerate(nuclei.scheme.classes, 1):
            numbers[i] = self._target.number_of(names.get(name, "unknown")) or UNKNOWN
        return numbers

    def check(self) -> None:
        """After all images: whether there were classes, and those of the table.

        Raises
        ------
        NucleusError
            There were none, or the table names one that doesn't exist.
        """
        folder = self._source.folder
        if not self._met:
            raise NucleusError(f"Expected classes in {folder}, got none (no 'type', no table). Set classes = false.")
        for name in self._source.crosswalk:
            if name not in self._met:
                raise unlike(f"crosswalk to name classes of {folder}", name, self._met)

    def _names(self, own: ClassScheme) -> dict[str, str]:
        if self._source.crosswalk:
            return self._source.crosswalk
        known = own.crosswalks.get(self._target.name)
        if known is not None and own.name != self._target.name:
            return dict(known)
        strange = [name for name in own.classes if name not in self._target.classes]
        if strange:
            raise NucleusError(
                f"Expected a way from the classes of {self._source.folder} ({', '.join(own.classes)}) to "
                f"{self._target.name} ({', '.join(self._target.classes)}), got none. Write a table crosswalk, or set "
                "classes = false."
            )
        return {name: name for name in own.classes}

    def _counted(self, n_classes: int) -> NDArray[np.uint8]:
        if n_classes > len(self._target):
            raise NucleusError(
                f"Expected classes 0 to {len(self._target)} ({self._target.name}) in {self._source.folder}, got "
                f"{n_classes}. Name the scheme of that data, or set classes = false."
            )
        return np.r_[UNKNOWN, 1 : n_classes + 1].astype(np.uint8)
