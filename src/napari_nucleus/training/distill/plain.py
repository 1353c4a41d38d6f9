"""Folders of images without labels."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.io import READERS, read_image
from napari_nucleus.io.files import natural, reading
from napari_nucleus.io.npy import has_array
from napari_nucleus.training.distill.recipe import PlainSource

# The answers to it take about 16 bytes a pixel.
_MOST_PIXELS = 400_000_000


def plain_files(data: Path, source: PlainSource) -> list[Path]:
    """The image files of one source, in the order of their names; annotations beside them are passed over.

    Raises
    ------
    NucleusError
        There are none.
    """
    folder = data / source.folder
    named = (f for f in folder.glob("*") if fnmatchcase(f.stem, source.include))
    files = [f for f in sorted(named, key=lambda f: natural(f.name)) if _is_image(f)]
    if not files:
        raise NucleusError(f"Expected images ({source.include}) in {folder}, got none. Check unlabelled.")
    return files


def read_plain(file: Path, source: PlainSource, mpp: float) -> NDArray[np.uint8]:
    """An image (H, W, 3) of a source at the wanted pixel size in µm.

    Raises
    ------
    NucleusError
        It is broken or too large.
    """
    image = read_image(file)
    if image.shape[0] * image.shape[1] > _MOST_PIXELS:
        raise NucleusError(
            f"Expected images of at most {_MOST_PIXELS // 1_000_000} megapixels, got {file}. Cut tiles of it first."
        )
    return _resampled(np.ascontiguousarray(image.array), source.mpp / mpp)


def _is_image(file: Path) -> bool:
    if file.suffix.lower() == ".npz":
        with reading(file, "image", [".npz"]):
            return has_array(file, "image")
    return file.suffix.lower() in READERS and file.is_file()


def _resampled(image: NDArray[np.uint8], zoom: float) -> NDArray[np.uint8]:
    if zoom == 1:
        return image
    size = tuple(max(1, round(side * zoom)) for side in image.shape[1::-1])
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC), np.uint8)
