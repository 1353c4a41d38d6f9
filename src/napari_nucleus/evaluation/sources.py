"""Where the nuclei of many images lie: a file, a folder of files, or a fold of PanNuke; each is read when asked for."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap, check_mpp, scheme
from napari_nucleus.evaluation.classes import merged
from napari_nucleus.io import READERS, as_rgb, read_image, read_nuclei
from napari_nucleus.io.files import reading
from napari_nucleus.io.npy import read_array
from napari_nucleus.io.nuclei import ASSUMED_MPP, OUTLINES, image_name
from napari_nucleus.io.nuclei_files import PLAIN, nuclei_files
from napari_nucleus.io.patches.pannuke import nuclei_of_planes

_MASKS = "masks.npy"


class Source(ABC):
    """Nuclei of one or many images.

    Attributes
    ----------
    path : Path
    names : tuple of str
        Of the images, as a person would sort them.
    """

    path: Path
    names: tuple[str, ...]

    @abstractmethod
    def nuclei(self, name: str, shape: tuple[int, int] | None = None) -> NucleusMap:
        """Read the nuclei of an image; its height and width are for outlines that don't state them.

        Raises
        ------
        NucleusError
            The file is broken.
        """

    def states_size(self, name: str) -> bool:
        """Whether the size of an image follows from its nuclei's file."""
        return True

    def tissue(self, name: str) -> str:
        """Tissue of an image; empty where it isn't known."""
        return ""

    def image(self, name: str) -> NDArray[np.uint8] | None:
        """The picture (H, W, 3) itself, where it is at hand and can be read."""
        return None

    def scheme(self, names: Iterable[str]) -> ClassScheme:
        """Class scheme of some of the images; all are read where the first doesn't state one."""
        return merged(self.nuclei(name).scheme for name in names)


class FileSource(Source):
    """A file an image.

    Parameters
    ----------
    path : Path
        A file, or the folder of the files.
    files : dict of str to Path
        By name of the image.
    classes, mpp
        As `read_nuclei` takes them.
    """

    def __init__(
        self, path: Path, files: dict[str, Path], classes: str | ClassScheme | None = None, mpp: float | None = None
    ) -> None:
        self.path, self.names = path, tuple(files)
        self._files, self._classes, self._mpp = files, classes, mpp

    def nuclei(self, name: str, shape: tuple[int, int] | None = None) -> NucleusMap:
        """Read the nuclei of an image."""
        return read_nuclei(self._files[name], self._classes, self._mpp, shape=shape)

    def states_size(self, name: str) -> bool:
        """Outlines need not say how large their image is."""
        return self._files[name].suffix.lower() not in OUTLINES

    def image(self, name: str) -> NDArray[np.uint8] | None:
        """The picture of the same name beside the file, or in it."""
        file = self._files[name]
        beside = (file.with_name(name + suffix) for suffix in READERS if suffix != ".npy")
        for path in beside:
            if path.exists() and (path != file or path.suffix == ".npz"):
                with suppress(NucleusError):  # no picture after all, such as an NPZ without `image`
                    return read_image(path).array
        return None


class FoldSource(Source):
    """Masks of a fold of PanNuke, (N, H, W, 1 + C): a plane of instance ids a class, the last one is background.

    Parameters
    ----------
    path : Path
        ``masks.npy``; ``types.npy`` and ``images.npy`` are used where they lie as published.
    classes : str or ClassScheme, optional
        Of the planes; those of PanNuke by default.
    mpp : float, optional
        Pixel size in µm; 0.25 by default.

    Raises
    ------
    NucleusError
        A file is broken, or its shape doesn't fit.
    """

    def __init__(self, path: Path, classes: str | ClassScheme | None = None, mpp: float | None = None) -> None:
        self.path, self._scheme, self._mpp = path, scheme(classes or "pannuke"), mpp or ASSUMED_MPP
        self._masks = _array(path)
        planes = 1 + len(self._scheme)
        if self._masks.ndim != 4 or self._masks.shape[3] != planes or self._masks.dtype.kind not in "uif":
            raise NucleusError(
                f"Expected masks (N, H, W, {planes}) of numbers, got {self._masks.shape} of {self._masks.dtype}. "
                f"Take a fold of PanNuke, or name its classes. File: {path}"
            )
        self.names = tuple(f"{path.parent.name}_{i:04}" for i in range(len(self._masks)))
        self._positions = {name: i for i, name in enumerate(self.names)}
        self._tissues = self._beside("types.npy")
        self._images = self._beside("images.npy")

    def nuclei(self, name: str, shape: tuple[int, int] | None = None) -> NucleusMap:
        """Read the nuclei of a patch."""
        with reading(self.path, "fold of PanNuke", [".npy"]):
            labels, class_of = nuclei_of_planes(self._masks[self._positions[name]][..., : len(self._scheme)])
        return NucleusMap.from_labels(labels, mpp=self._mpp, classes=self._scheme, class_of=class_of)

    def tissue(self, name: str) -> str:
        """Tissue of a patch."""
        return "" if self._tissues is None else str(self._tissues[self._positions[name]])

    def image(self, name: str) -> NDArray[np.uint8] | None:
        """The picture of a patch."""
        return None if self._images is None else as_rgb(np.array(self._images[self._positions[name]]))

    def scheme(self, names: Iterable[str]) -> ClassScheme:
        """Class scheme of the planes."""
        return self._scheme

    def _beside(self, name: str) -> NDArray | None:
        """Another array of the fold: in the same folder, or in ``images/fold1`` for ``masks/fold1``."""
        folder = self.path.parent
        places = folder / name, folder.parent.parent / "images" / folder.name / name
        path = next((place for place in places if place.exists()), None)
        if path is None:
            return None
        array = _array(path)
        if len(array) != len(self._masks):
            raise NucleusError(f"Expected {len(self._masks)} patches as in the masks, got {len(array)}. File: {path}")
        return array


def open_source(
    path: str | os.PathLike[str], classes: str | ClassScheme | None = None, mpp: float | None = None
) -> Source:
    """A file of nuclei, a folder of such files, or a fold of PanNuke; no pixels are read yet.

    Parameters
    ----------
    path : path
        In a folder, files of no use are left out; of several for one image the best is taken: our labels with their
        table, NPZ, GeoJSON, at last plain TIFF, PNG and NPY, which may be pictures.
    classes : str or ClassScheme, optional
        What class numbers mean.
    mpp : float, optional
        Pixel size in µm, in place of what the files say.

    Raises
    ------
    NucleusError
        There is no such file or folder, or no nuclei in it.
    """
    path = Path(path).expanduser()
    if classes is not None:
        scheme(classes)
    if mpp is not None:
        check_mpp(mpp)
    if not path.exists():
        raise NucleusError(f"Expected a file or folder of nuclei, got nothing of that name. Check the path: {path}")
    if path.is_file():
        is_fold = path.suffix.lower() == ".npy" and path.stat().st_size > 0 and _array(path).ndim == 4
        return FoldSource(path, classes, mpp) if is_fold else FileSource(path, {image_name(path): path}, classes, mpp)
    try:
        masks = _find_masks(path)
        return FoldSource(masks, classes, mpp) if masks else FileSource(path, _files_in(path), classes, mpp)
    except PermissionError as error:
        raise NucleusError(f"Expected the right to read the folder, got none. Ask for it. Folder: {path}") from error


def _files_in(folder: Path) -> dict[str, Path]:
    best = nuclei_files(folder)
    if not best:
        raise NucleusError(
            f"Expected labels ({', '.join((*PLAIN, '.npz'))}), GeoJSON or a fold of PanNuke, got a folder without. "
            f"Choose another folder. Folder: {folder}"
        )
    return best


def _find_masks(folder: Path) -> Path | None:
    found = sorted(path for place in ("", "*/", "masks/*/", "*/masks/*/") for path in folder.glob(place + _MASKS))
    if len(found) > 1:
        places = ", ".join(str(path.parent.relative_to(folder)) for path in found[:4])
        raise NucleusError(f"Expected one fold of PanNuke, got {len(found)} ({places}). Choose one of them.")
    return found[0] if found else None


def _array(path: Path) -> NDArray:
    with reading(path, "fold of PanNuke", [".npy"]):
        return read_array(path)
