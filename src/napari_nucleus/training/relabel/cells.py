"""Cells cut out of a data set: a table, and their pictures in one memory-mapped file."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.io.files import replacing
from napari_nucleus.io.patches import Patch, open_patches
from napari_nucleus.models.cell_crops import cell_crops
from napari_nucleus.training.relabel.recipe import CellSource, RelabelRecipe
from napari_nucleus.training.relabel.tiles import at_mpp, equal_tiles

_TABLE, _PICTURES = "cells.parquet", "cells.u8"
_COLUMNS = ("image", "patient", "label", "y_px", "x_px", "class")


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells of one data set.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a cell: ``image, patient, label, y_px, x_px, class``.
    pictures : (N, side, side, 3) uint8
        Memory-mapped, in the order of the table: 12 kB a cell on disk at a side of 64, and none in memory.
    """

    table: pd.DataFrame
    pictures: NDArray[np.uint8]

    def rows(self, classes: Collection[str]) -> NDArray[np.int64]:
        """Positions of the cells of these classes."""
        return np.flatnonzero(self.table["class"].isin(list(classes)))

    def numbers(self, rows: NDArray[np.integer], classes: Collection[str]) -> NDArray[np.int64]:
        """Class of some cells as numbers, 0 for the first of these classes."""
        number = {name: i for i, name in enumerate(classes)}
        return np.asarray(self.table["class"].iloc[rows].map(number), np.int64)


class SourceImages:
    """The annotated images of a source, one by one, at one pixel size, cut into tiles where the recipe wants it.

    Parameters
    ----------
    source : CellSource
    data : Path
        The folder that holds the sources.
    mpp : float
        Pixel size in µm.

    Raises
    ------
    NucleusError
        There is no such folder, nothing in it fits ``include``, or an image has no truth.
    """

    def __init__(self, source: CellSource, data: Path, mpp: float) -> None:
        self.source, self._mpp = source, mpp
        self._patches = open_patches(data / source.folder, source.scheme, source.mpp, layout=source.layout or None)
        self._chosen = [i for i, name in enumerate(self._patches.names) if fnmatch(name, source.include)]
        if not self._chosen:
            raise NucleusError(
                f"Expected images called {source.include} in {data / source.folder}, got none. Correct include."
            )

    def __len__(self) -> int:
        return len(self._chosen)

    def __iter__(self) -> Iterator[tuple[str, list[Patch]]]:
        """Patient and tiles of each image, of which there may be none; the image itself where it isn't cut."""
        for i in self._chosen:
            patch = at_mpp(self._patches.patch(i), self._mpp)
            if patch.truth is None:
                raise NucleusError(f"Expected nuclei of {patch.name} in {self.source.folder}, got none. Annotate it.")
            self._check(patch.truth.scheme.classes)
            side = self.source.tile
            yield self._patient(i), list(equal_tiles(patch, side, side // 2)) if side else [patch]

    def _patient(self, i: int) -> str:
        """What the recipe finds in the image's name, what the data set says, or the image itself."""
        name = self._patches.names[i]
        if self.source.patient:
            found = re.search(self.source.patient, name)
            return found[0] if found else name
        return self._patches.groups.get("patient", self._patches.names)[i]

    def _check(self, classes: tuple[str, ...]) -> None:
        for name in (self.source.broad, *self.source.fine):
            if name not in classes:
                raise NucleusError(
                    f"Expected a class {name!r} in {self.source.name} ({', '.join(classes)}), got none. Correct broad "
                    "and fine, or say with classes what the numbers in that folder mean."
                )


def cut_cells(images: SourceImages, recipe: RelabelRecipe, folder: Path) -> Generator[Progress, None, Cells]:
    """Cut the cells of a source's broad and fine classes out and keep them in a folder (Shvetsov et al., Figure 3).

    What a former call has finished is taken as it is.

    Yields
    ------
    Progress
        One an image.
    """
    if not (folder / _TABLE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = (images.source.broad, *images.source.fine)
        tables = []
        with replacing(folder / _PICTURES) as part, part.open("wb") as file:
            for done, (patient, tiles) in enumerate(images, 1):
                for tile in tiles:
                    table, pictures = _cells_of(tile, wanted, recipe)
                    tables.append(table.assign(patient=patient))
                    file.write(pictures.tobytes())
                yield Progress(done, len(images), f"cutting cells of {images.source.name}")
        with replacing(folder / _TABLE) as part:  # last: it says that all is there
            pd.concat(tables, ignore_index=True)[list(_COLUMNS)].to_parquet(part, index=False)
    return open_cells(folder, recipe.side)


def open_cells(folder: Path, side: int) -> Cells:
    """Cells that `cut_cells` has kept."""
    table = pd.read_parquet(folder / _TABLE)
    if table.empty:
        raise NucleusError("Expected nuclei of the broad and fine classes, got none. Check the data.")
    shape = (len(table), side, side, 3)
    return Cells(table, np.memmap(folder / _PICTURES, np.uint8, "r", shape=shape))


def _cells_of(tile: Patch, wanted: tuple[str, ...], recipe: RelabelRecipe) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """Table and pictures of the wanted cells of a tile."""
    nuclei = tile.truth
    assert nuclei is not None
    chosen = nuclei.table["class"].isin(wanted).to_numpy()
    pictures = cell_crops(tile.image.array, nuclei, recipe.context, recipe.side)[chosen]
    return nuclei.table[chosen].assign(image=tile.name), pictures
