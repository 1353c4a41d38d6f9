"""NPY and NPZ."""

from __future__ import annotations

from pathlib import Path
from zipfile import is_zipfile

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.io.rgb import as_rgb


def read_npy(path: Path) -> tuple[tuple[NDArray[np.uint8], ...], float | None]:
    """The array as the only level (H, W, 3), memory-mapped where it already is RGB; no pixel size."""
    return (as_rgb(read_array(path)),), None


def read_npz(path: Path) -> tuple[tuple[NDArray[np.uint8], ...], float | None]:
    """The array ``image`` as the only level (H, W, 3); no pixel size."""
    return (as_rgb(array_in(path, "image")),), None


def read_array(path: Path) -> NDArray:
    """The array of an NPY file, memory-mapped; objects are refused, as they would have to be unpickled."""
    array: NDArray = np.lib.format.open_memmap(path, mode="r")
    return array


def array_in(path: Path, name: str) -> NDArray:
    """One array of an NPZ file.

    Raises
    ------
    NucleusError
        The file isn't NPZ, or has no array of that name.
    """
    with open_npz(path) as arrays:
        if name not in arrays:
            found = ", ".join(arrays) or "nothing"
            raise NucleusError(f"Expected an array {name!r}, got {found}. Save it under that name.")
        array: NDArray = arrays[name]
        return array


def has_array(path: Path, name: str) -> bool:
    """Whether an NPZ file has an array of that name."""
    with open_npz(path) as arrays:
        return name in arrays


def open_npz(path: Path) -> NpzFile:
    """The arrays of an NPZ file by name, each read when it is asked for; close it, or use it in ``with``.

    Raises
    ------
    NucleusError
        The file isn't NPZ.
    """
    if not is_zipfile(path):
        raise NucleusError("Expected a whole NPZ file, got something else. Save it again with numpy.savez.")
    arrays: NpzFile = np.load(path, allow_pickle=False)
    return arrays
