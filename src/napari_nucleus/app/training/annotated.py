"""Annotated images, from layers to a folder that a recipe can name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.evaluate_state import LayerSource
from napari_nucleus.app.segment_state import Source
from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io.files import replacing
from napari_nucleus.io.folder_classes import write_classes


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """An image and its nuclei, as two layers hold them.

    Attributes
    ----------
    name : str
    image : (H, W, 3) uint8
    nuclei : NucleusMap
    """

    name: str
    image: NDArray[np.uint8]
    nuclei: NucleusMap

    def edited_only(self) -> Annotated:
        """With the nuclei alone that a person has changed.

        Raises
        ------
        NucleusError
            Nothing is marked as changed.
        """
        table = self.nuclei.table
        edited = table[table["edited"].eq(True)] if "edited" in table else table[:0]
        if edited.empty:
            raise NucleusError(
                f"Expected nuclei that were corrected in {self.name}, got none. Correct some, or take all nuclei."
            )
        kept = np.isin(self.nuclei.labels, edited["label"])
        labels = np.where(kept, self.nuclei.labels, 0).astype(np.int32)
        nuclei = NucleusMap(labels, edited.reset_index(drop=True), self.nuclei.mpp, self.nuclei.scheme)
        return Annotated(self.name, self.image, nuclei)


@dataclass(frozen=True, slots=True, eq=False)
class LayerPair:
    """An image layer and its nuclei, as the view hands them over; nothing is read before `annotated`.

    Attributes
    ----------
    image : Source
    nuclei : LayerSource
    edited_only : bool
        Only nuclei that a person has changed count.
    """

    image: Source
    nuclei: LayerSource
    edited_only: bool = False

    def annotated(self) -> Annotated:
        """Read both.

        Raises
        ------
        NucleusError
            One of them isn't what it should be, or no nucleus was changed.
        """
        whole = Annotated(_file_name(self.image.name), self.image.image().array, self.nuclei.nuclei())
        return whole.edited_only() if self.edited_only else whole


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_. " else "-" for c in name).strip(" .") or "image"


def write_annotated(folder: Path, images: Sequence[Annotated]) -> None:
    """Write images as NPZ files with the names of their classes: a folder that `open_patches` reads.

    Raises
    ------
    NucleusError
        There are none, an image has no nuclei or another size than they, or classes or pixel sizes differ.
    """
    if not images:
        raise NucleusError("Expected an image with nuclei, got none. Choose an image and its nuclei.")
    first = images[0].nuclei
    for item in images:
        if item.image.shape[:2] != item.nuclei.labels.shape:
            raise NucleusError(
                f"Expected nuclei of the size of {item.name}, {item.image.shape[:2]}, got {item.nuclei.labels.shape}. "
                "Choose the nuclei that belong to it."
            )
        if not len(item.nuclei):
            raise NucleusError(f"Expected nuclei in {item.name}, got none. Annotate some first.")
        if (item.nuclei.scheme.classes, item.nuclei.mpp) != (first.scheme.classes, first.mpp):
            raise NucleusError(f"Expected images of one class scheme and pixel size, got another in {item.name}.")
    folder.mkdir(parents=True, exist_ok=True)
    for item in images:
        with replacing(folder / f"{item.name}.npz") as part:
            np.savez_compressed(part, image=item.image, inst=item.nuclei.labels, type=item.nuclei.type_map())
    write_classes(folder, first.scheme, first.mpp)
