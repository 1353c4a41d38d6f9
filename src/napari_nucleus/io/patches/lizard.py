"""Lizard as it is published (Graham et al. 2021): ``Lizard_Images1``, ``Lizard_Images2`` and ``Lizard_Labels``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from napari_nucleus.core import ClassScheme, Image, NucleusError, NucleusMap, scheme
from napari_nucleus.io.files import natural, reading
from napari_nucleus.io.mat import read_mat
from napari_nucleus.io.patches.checks import fitting, require_partners
from napari_nucleus.io.patches.patch_set import PatchSet
from napari_nucleus.io.registry import read_image

_MPP = 0.5


class LizardPatches(PatchSet):
    """``<stem>.png`` anywhere below the folder, with ``Labels/<stem>.mat``: ``inst_map`` (H, W), ``id`` and ``class``.

    ``info.csv`` beside ``Labels`` tells each image's ``Source`` and ``Split``: the groups ``source`` and ``fold``.
    Without it the source is what stands before the first ``_`` of the name.

    Parameters
    ----------
    folder : Path
    classes : str or ClassScheme, optional
        Of the numbers in ``class``; those of Lizard by default.
    mpp : float, optional
        Pixel size in µm; 0.5 by default.

    Raises
    ------
    NucleusError
        An annotation has no image, or ``info.csv`` is broken.
    """

    def __init__(self, folder: Path, classes: str | ClassScheme | None = None, mpp: float | None = None) -> None:
        self._scheme = scheme(classes or "lizard")
        self._mpp = mpp or _MPP
        labels = sorted(lizard_labels(folder), key=lambda path: natural(path.stem))
        self._labels = {path.stem: path for path in labels}
        pictures = {path.stem: path for path in sorted(folder.rglob("*.png"))}
        self._images = {name: pictures.get(name, folder / f"{name}.png") for name in self._labels}
        require_partners(self._images)
        names = tuple(self._labels)
        super().__init__(folder, names, groups=_groups(labels[0].parent.with_name("info.csv"), names))

    def image(self, i: int) -> Image:
        """Read the image of a patch, without its truth."""
        return read_image(self._images[self.names[i]], self._mpp)

    def _truth(self, i: int, image: Image) -> NucleusMap:
        path = self._labels[self.names[i]]
        inst, ids, kinds = read_mat(path, "inst_map", "id", "class")
        with reading(path, "annotation", [".mat"]):
            if ids.size != kinds.size or kinds.max(initial=0) > len(self._scheme):
                raise NucleusError(
                    f"Expected a class from 1 to {len(self._scheme)} for each of {ids.size} nuclei, got {kinds.size} "
                    f"up to {kinds.max(initial=0)}. Take the published file."
                )
            class_of = dict(zip(ids.ravel().astype(int).tolist(), kinds.ravel().astype(int).tolist(), strict=True))
            return NucleusMap.from_labels(fitting(inst, image), mpp=self._mpp, classes=self._scheme, class_of=class_of)


def lizard_labels(folder: Path) -> list[Path]:
    """The annotations of a folder in the layout of Lizard; empty where it is none."""
    for place in ("Labels", "Lizard_Labels/Labels", "*/Lizard_Labels/Labels"):
        found = list(folder.glob(f"{place}/*.mat"))
        if found:
            return found
    return []


def _groups(info: Path, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    if not info.exists():
        return {"source": tuple(name.split("_")[0] for name in names)}
    with reading(info, "table", [".csv"]):
        table = pd.read_csv(info, dtype=str).set_index("Filename").reindex(list(names)).fillna("")
        return {
            "source": tuple(table["Source"].str.lower()),
            "fold": tuple(np.asarray(table["Split"], str).tolist()),
        }
