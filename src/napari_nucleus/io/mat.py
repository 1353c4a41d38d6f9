"""Annotations in MATLAB's MAT files, as CoNSeP and Lizard publish them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.io.files import reading


def read_mat(path: Path, *names: str) -> tuple[NDArray, ...]:
    """Arrays of a MAT file (version 5 to 7.2) by name.

    Raises
    ------
    NucleusError
        The file is missing or broken, or lacks one of them.
    """
    from scipy.io import loadmat

    with reading(path, "annotation", [".mat"]):
        arrays = loadmat(path, variable_names=names)
        missing = [name for name in names if name not in arrays]
        if missing:
            raise NucleusError(f"Expected the arrays {', '.join(names)}, got no {missing[0]}. Take the published file.")
        return tuple(np.asarray(arrays[name]) for name in names)
