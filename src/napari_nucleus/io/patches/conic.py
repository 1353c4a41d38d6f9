"""CoNIC 2022 as it is published (Graham et al. 2021): three files of Lizard's nuclei in patches of 256 pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, Image, NucleusError, NucleusMap, scheme
from napari_nucleus.io.files import reading
from napari_nucleus.io.npy import read_array
from napari_nucleus.io.patches.patch_set import PatchSet
from napari_nucleus.io.rgb import as_rgb

_MPP = 0.5


class ConicPatches(PatchSet):
    """``images.npy`` (N, H, W, 3), ``labels.npy`` (N, H, W, 2: instances, classes) and ``patch_info.csv``.

    The arrays are memory-mapped. A patch is called ``consep_1-0000``: the groups ``source`` (``consep``) and
    ``patient`` (``consep_1``, the image that it was cut from, as patients aren't named).

    Parameters
    ----------
    folder : Path
    classes : str or ClassScheme, optional
        Those of Lizard by default.
    mpp : float, optional
        Pixel size in µm; 0.5 by default.

    Raises
    ------
    NucleusError
        A file is missing or broken, or their shapes don't fit.
    """

    def __init__(self, folder: Path, classes: str | ClassScheme | None = None, mpp: float | None = None) -> None:
        self._scheme = scheme(classes or "lizard")
        self._mpp = mpp or _MPP
        self._images, self._labels = _open(folder / "images.npy"), _open(folder / "labels.npy")
        info = folder / "patch_info.csv"
        with reading(info, "table", [".csv"]):
            names = tuple(pd.read_csv(info, dtype=str).iloc[:, 0])
        images, labels = self._images.shape, self._labels.shape
        if images[:3] != labels[:3] or (images[3:], labels[3:]) != ((3,), (2,)) or len(names) != images[0]:
            raise NucleusError(
                f"Expected images (N, H, W, 3), labels (N, H, W, 2) and N names, got {images}, {labels} and "
                f"{len(names)}. Take the published files. Folder: {folder}"
            )
        patients = tuple(name.rsplit("-", 1)[0] for name in names)
        sources = tuple(name.split("_")[0] for name in names)
        super().__init__(folder, names, groups={"source": sources, "patient": patients})

    def image(self, i: int) -> Image:
        """Read the image of a patch, without its truth."""
        return Image((as_rgb(np.array(self._images[i])),), self._mpp, self.names[i], self.folder)

    def _truth(self, i: int, image: Image) -> NucleusMap:
        inst, kinds = np.moveaxis(np.array(self._labels[i]), -1, 0)
        return NucleusMap.from_labels(inst, mpp=self._mpp, classes=self._scheme, type_map=kinds.astype(int))


def is_conic(folder: Path) -> bool:
    """Whether a folder is in the layout of CoNIC."""
    return all((folder / name).exists() for name in ("images.npy", "labels.npy"))


def _open(path: Path) -> NDArray:
    with reading(path, "array of CoNIC", [".npy"]):
        return read_array(path)
