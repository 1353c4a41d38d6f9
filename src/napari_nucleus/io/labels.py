"""Label images: which pixel belongs to which nucleus."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, imwrite

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.core.nuclei import as_labels
from napari_nucleus.io.files import reading, replacing
from napari_nucleus.io.npy import array_in, read_array
from napari_nucleus.io.raster import read_indices
from napari_nucleus.io.tiff import read_pixels, tiff_mpp


def write_labels(path: str | os.PathLike[str], nuclei: NucleusMap) -> None:
    """Write the label image as a deflated TIFF of 16 or 32 bits with its pixel size in the resolution tags.

    Raises
    ------
    NucleusError
        The file can't be written.
    """
    small = nuclei.labels.max(initial=0) < 2**16
    per_cm = 1e4 / nuclei.mpp
    with replacing(path) as temporary:
        imwrite(
            temporary,
            nuclei.labels.astype(np.uint16 if small else np.uint32),
            photometric="minisblack",
            compression="zlib",
            predictor=True,
            rowsperstrip=256,
            resolution=(per_cm, per_cm),
            resolutionunit="CENTIMETER",
        )


def read_labels(path: str | os.PathLike[str]) -> tuple[NDArray[np.int32], float | None]:
    """Read a label image.

    Parameters
    ----------
    path : path
        TIFF, PNG (indices of a palette count as labels), NPY, or NPZ (its array ``inst``).

    Returns
    -------
    labels : (H, W) int32 array
    mpp : float or None
        Pixel size in µm where the file has a plausible one.

    Raises
    ------
    NucleusError
        The file can't be read, or isn't one plane of whole numbers from 0.
    """
    path = Path(path)
    with reading(path, "label", _READERS):
        labels, mpp = _READERS[path.suffix.lower()](path)
        if labels.ndim > 2:
            labels = labels.squeeze()
        if labels.ndim != 2:
            raise NucleusError(f"Expected a label image (H, W), got shape {labels.shape}. Choose one plane of labels.")
        return as_labels(labels), mpp


def _read_tiff(path: Path) -> tuple[NDArray, float | None]:
    with TiffFile(path) as tiff:
        return read_pixels(tiff), tiff_mpp(tiff)


_READERS: dict[str, Callable[[Path], tuple[NDArray, float | None]]] = {
    ".tif": _read_tiff,
    ".tiff": _read_tiff,
    ".png": lambda path: (read_indices(path), None),
    ".npy": lambda path: (np.array(read_array(path)), None),
    ".npz": lambda path: (array_in(path, "inst"), None),
}
