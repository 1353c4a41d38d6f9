"""The refined data set: the images of both sources with their new classes, in layouts that are read again."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap, Progress
from napari_nucleus.io.files import replacing
from napari_nucleus.io.folder_classes import write_classes
from napari_nucleus.io.patches import Patch
from napari_nucleus.training.relabel.cells import SourceImages
from napari_nucleus.training.relabel.recipe import CellSource, RelabelRecipe


def write_refined(
    folder: Path, sources: list[SourceImages], recipe: RelabelRecipe, ledger: pd.DataFrame
) -> Generator[Progress, None, None]:
    """Write every image of both sources with the classes that the ledger gives.

    ``npz``: ``refined/<source>_<image>.npz`` with ``image`` (H, W, 3) uint8, ``inst`` (H, W) int32 and ``type`` (H, W)
    uint8, the numbers of ``refined/classes.json``: the refined scheme first, then the broad classes of nuclei that were
    kept. ``pannuke``: ``refined_pannuke/`` with ``images.npy``, ``masks.npy`` and ``types.npy``, for images of one
    size; nuclei that were kept have planes of their own behind those of the scheme.

    Yields
    ------
    Progress
        One an image of a source.
    """
    total = sum(map(len, sources))
    writers = [_WRITERS[layout](folder, recipe.refined_scheme, recipe.mpp) for layout in recipe.layouts]
    done = 0
    for images in sources:
        mine = ledger[ledger["source"] == images.source.name]
        new = {image: rows.set_index("label")["new_class"] for image, rows in mine.groupby("image")}
        for _, tiles in images:
            for tile in tiles:
                nuclei = renamed(tile, images.source, recipe, new.get(tile.name))
                for writer in writers:
                    writer.add(f"{images.source.name}_{tile.name}", tile, nuclei)
            done += 1
            yield Progress(done, total, "writing the refined data set")
    for writer in writers:
        writer.close()


def renamed(tile: Patch, source: CellSource, recipe: RelabelRecipe, new: pd.Series | None) -> NucleusMap:
    """The nuclei of a tile with their classes in the refined data set.

    Parameters
    ----------
    new : Series or None
        New class by label, for each nucleus of the broad class.

    Raises
    ------
    NucleusError
        A class of the source has no counterpart in the refined scheme.
    """
    nuclei, scheme = tile.truth, recipe.refined_scheme
    assert nuclei is not None
    broad = {} if new is None else new.to_dict()
    class_of = {}
    for label, name in zip(nuclei.table["label"], nuclei.table["class"], strict=True):
        kind = broad[label] if label in broad else source.refined(name)
        if kind != "unknown" and kind not in scheme.classes:
            raise NucleusError(
                f"Expected each class of {source.name} in {recipe.classes} ({', '.join(recipe.scheme.classes)}), got "
                f"{kind!r} in {tile.name}. Say in names what it is called there."
            )
        class_of[int(label)] = scheme.number_of(kind)
    return NucleusMap.from_labels(nuclei.labels, mpp=nuclei.mpp, classes=scheme, class_of=class_of)


class _Writer(Protocol):
    def __init__(self, folder: Path, scheme: ClassScheme, mpp: float) -> None: ...

    def add(self, name: str, tile: Patch, nuclei: NucleusMap) -> None: ...

    def close(self) -> None: ...


class _NpzWriter:
    def __init__(self, folder: Path, scheme: ClassScheme, mpp: float) -> None:
        self._folder = folder / "refined"
        self._folder.mkdir(exist_ok=True)
        self._scheme, self._mpp = scheme, mpp

    def add(self, name: str, tile: Patch, nuclei: NucleusMap) -> None:
        with replacing(self._folder / f"{name}.npz") as part:
            np.savez_compressed(part, image=tile.image.array, inst=nuclei.labels, type=nuclei.type_map())

    def close(self) -> None:
        write_classes(self._folder, self._scheme, self._mpp)


class _PanNukeWriter:
    """Three NPY files, filled patch by patch; they need the number of patches, so names are collected first."""

    def __init__(self, folder: Path, scheme: ClassScheme, mpp: float) -> None:
        self._folder = folder / "refined_pannuke"
        self._folder.mkdir(exist_ok=True)
        self._scheme, self._mpp = scheme, mpp
        self._side: tuple[int, ...] = ()
        self._tissues: list[str] = []
        for name in ("images", "masks"):
            self._raw(name).unlink(missing_ok=True)  # of a run that was stopped here

    def add(self, name: str, tile: Patch, nuclei: NucleusMap) -> None:
        self._side = self._side or nuclei.labels.shape
        if nuclei.labels.shape != self._side:
            raise NucleusError(
                f"Expected patches of {self._side} pixels for the layout pannuke, got {nuclei.labels.shape} in {name}. "
                'Set tile on both sources, or layouts = ["npz"].'
            )
        for kind, array in (("images", np.ascontiguousarray(tile.image.array)), ("masks", planes(nuclei))):
            with self._raw(kind).open("ab") as file:
                file.write(array.tobytes())
        self._tissues.append(tile.tissue or name)

    def close(self) -> None:
        for name, channels, kind in (("images", 3, np.uint8), ("masks", 1 + len(self._scheme), np.int32)):
            raw, shape = self._raw(name), (len(self._tissues), *self._side, channels)
            with replacing(self._folder / f"{name}.npy") as part:
                whole = np.lib.format.open_memmap(part, "w+", kind, shape)
                for i, patch in enumerate(np.memmap(raw, kind, "r", shape=shape)):
                    whole[i] = patch
                whole.flush()
            raw.unlink()
        np.save(self._folder / "types.npy", np.array(self._tissues))
        write_classes(self._folder, self._scheme, self._mpp)

    def _raw(self, name: str) -> Path:
        return self._folder / f"{name}.part"


def planes(nuclei: NucleusMap) -> NDArray[np.int32]:
    """A plane of instance ids a class, then background, (H, W, C + 1) int32; unknown nuclei are background."""
    kinds = nuclei.type_map()
    number = np.arange(1, len(nuclei.scheme) + 1)
    ids = np.where(kinds[..., None] == number, nuclei.labels[..., None], 0)
    return np.concatenate([ids, (kinds == 0)[..., None]], 2).astype(np.int32)


_WRITERS: dict[str, type[_Writer]] = {"npz": _NpzWriter, "pannuke": _PanNukeWriter}
