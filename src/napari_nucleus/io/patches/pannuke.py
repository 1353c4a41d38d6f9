"""A fold of PanNuke (Gamper et al. 2020): three NPY files, memory-mapped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, Image, NucleusError, NucleusMap, scheme
from napari_nucleus.core.nuclei import as_labels
from napari_nucleus.io.files import reading
from napari_nucleus.io.npy import read_array
from napari_nucleus.io.nuclei import known_folder
from napari_nucleus.io.patches.patch_set import PatchSet
from napari_nucleus.io.rgb import as_rgb

_MPP = 0.25
_FILES = ("images.npy", "masks.npy", "types.npy")


class PanNukePatches(PatchSet):
    """``images.npy``, ``masks.npy`` and ``types.npy``, in one folder or as published.

    ==========  =======================  ==========================================================================
    file        shape                    holds
    ==========  =======================  ==========================================================================
    images.npy  (N, H, W, 3)             RGB of 0..255, float64 as published or uint8
    masks.npy   (N, H, W, 1 + C)         a plane of instance ids a class, 0 = none; the last plane is background
    types.npy   (N,) text                tissues
    ==========  =======================  ==========================================================================

    Parameters
    ----------
    images : Path
        ``images.npy``; the masks lie beside it, or in ``masks/fold1`` for ``images/fold1``.
    classes : str or ClassScheme, optional
        Of the planes; by default what ``classes.json`` beside the images says, or else those of PanNuke.
    mpp : float, optional
        Pixel size in µm; what the same file says, or else 0.25, by default.

    Raises
    ------
    NucleusError
        A file is missing or broken, or their shapes or types don't fit.
    """

    def __init__(self, images: Path, classes: str | ClassScheme | None = None, mpp: float | None = None) -> None:
        folder = images.parent
        stated_classes, stated_mpp = known_folder(folder)
        self._scheme = scheme(classes or stated_classes or "pannuke")
        self._mpp = mpp or stated_mpp or _MPP
        self._images, self._masks, tissues = (_open(path) for path in (images, *_beside(images)))
        _check(self._images, self._masks, tissues, self._scheme, folder)
        digits = max(4, len(str(len(tissues))))
        names = tuple(f"{folder.name}_{i:0{digits}}" for i in range(len(tissues)))
        super().__init__(folder, names, tuple(tissues.astype(str).tolist()), {"fold": (folder.name,) * len(names)})

    def image(self, i: int) -> Image:
        """Read the image of a patch, without its truth."""
        return Image((as_rgb(np.array(self._images[i])),), self._mpp, self.names[i], self.folder)

    def _truth(self, i: int, image: Image) -> NucleusMap:
        labels, class_of = nuclei_of_planes(self._masks[i][..., : len(self._scheme)])
        return NucleusMap.from_labels(labels, mpp=self._mpp, classes=self._scheme, class_of=class_of)


def nuclei_of_planes(planes: NDArray) -> tuple[NDArray[np.int32], dict[int, int]]:
    """One instance map of a plane a class.

    Parameters
    ----------
    planes : (H, W, C) numbers
        Instance ids, 0 = none. The same id in two planes means two nuclei; where they overlap, the first plane counts.

    Returns
    -------
    labels : (H, W) int32
        Numbered 1, 2, ….
    class_of : dict
        Class number, 1 for the first plane, by label.
    """
    labels = np.zeros(planes.shape[:2], np.int32)
    class_of: dict[int, int] = {}
    for number in range(1, planes.shape[2] + 1):
        plane = as_labels(planes[..., number - 1])
        here = (plane > 0) & (labels == 0)
        ids, owner = np.unique(plane[here], return_inverse=True)
        first = len(class_of) + 1
        labels[here] = first + owner
        class_of |= dict.fromkeys(range(first, first + len(ids)), number)
    return labels, class_of


def find_folds(folder: Path) -> list[Path]:
    """``images.npy`` of each fold that a folder is or holds; empty where it isn't PanNuke.

    Raises
    ------
    NucleusError
        There are other files of a fold without ``images.npy``.
    """
    found = sorted(path for place in ("", "*/", "images/*/", "*/images/*/") for path in folder.glob(place + _FILES[0]))
    if not found and any((folder / name).exists() for name in _FILES[1:]):
        raise NucleusError(f"Expected {_FILES[0]} in a fold of PanNuke, got none. Put it there. Folder: {folder}")
    return found


def _beside(images: Path) -> tuple[Path, Path]:
    """Where the masks and the tissues lie."""
    folder = images.parent
    published = folder.parent.parent / "masks" / folder.name
    masks = next((x for x in (folder / _FILES[1], published / _FILES[1]) if x.exists()), folder / _FILES[1])
    return masks, folder / _FILES[2]


def _open(path: Path) -> NDArray:
    with reading(path, "fold of PanNuke", [".npy"]):
        return read_array(path)


def _check(images: NDArray, masks: NDArray, tissues: NDArray, classes: ClassScheme, folder: Path) -> None:
    planes = 1 + len(classes)
    plain = images.ndim == 4 and images.shape[3] == 3 and masks.ndim == 4 and masks.shape[3] == planes
    if not plain or images.shape[:3] != masks.shape[:3] or tissues.shape != images.shape[:1] or 0 in images.shape:
        raise NucleusError(
            f"Expected images (N, H, W, 3), masks (N, H, W, {planes}) and types (N,), got {images.shape}, "
            f"{masks.shape} and {tissues.shape}. Take the three files of one fold. Folder: {folder}"
        )
    if images.dtype.kind not in "uif" or masks.dtype.kind not in "uif" or tissues.dtype.kind not in "US":
        raise NucleusError(
            f"Expected numbers in images and masks and text in types, got {images.dtype}, {masks.dtype} and "
            f"{tissues.dtype}. Take the files as published. Folder: {folder}"
        )
