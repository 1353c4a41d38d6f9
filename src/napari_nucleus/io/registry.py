"""Image readers by suffix, and the one way in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from napari_nucleus.core import Image, check_mpp
from napari_nucleus.core.image import Pixels
from napari_nucleus.io.files import reading
from napari_nucleus.io.npy import read_npy, read_npz
from napari_nucleus.io.raster import read_raster
from napari_nucleus.io.slide import read_slide
from napari_nucleus.io.tiff import read_tiff

Reader = Callable[[Path], tuple[tuple[Pixels, ...], float | None]]
"""Takes a path, gives levels (full resolution first) and the pixel size in µm or None."""

READERS: dict[str, Reader] = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".bmp"), read_raster),
    **dict.fromkeys((".tif", ".tiff", ".btf"), read_tiff),
    **dict.fromkeys((".svs", ".ndpi", ".mrxs", ".scn", ".vms", ".vmu", ".bif", ".svslide"), read_slide),
    ".npy": read_npy,
    ".npz": read_npz,
}


def read_image(path: str | os.PathLike[str], mpp: float | None = None) -> Image:
    """Read an RGB image with its pixel size; slides lazily, with their levels.

    Parameters
    ----------
    path : path
        PNG, JPEG, BMP, TIFF (OME, ImageJ, BigTIFF, pyramidal), NPY, NPZ (its array ``image``), or a slide that
        OpenSlide reads (SVS, NDPI, MRXS, SCN, BIF, …). Any depth and order of channels that `as_rgb` takes.
    mpp : float, optional
        Pixel size in µm in place of the file's own.

    Returns
    -------
    Image
        Its ``mpp`` is None where neither the file nor the caller says it.

    Raises
    ------
    NucleusError
        The file is missing, empty, broken, not an image, a stack of images, or may not be read.
    """
    path = Path(path)
    if mpp is not None:
        check_mpp(mpp)
    with reading(path, "image", READERS):
        levels, stated = READERS[path.suffix.lower()](path)
    return Image(levels, stated if mpp is None else mpp, path.stem.removesuffix(".ome"), path)
