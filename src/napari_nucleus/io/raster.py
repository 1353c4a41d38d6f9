"""PNG, JPEG and BMP."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin

from napari_nucleus.core import NucleusError
from napari_nucleus.io.files import replacing
from napari_nucleus.io.pixel_size import plausible_mpp
from napari_nucleus.io.rgb import as_rgb

# Opened by their content, past Pillow's limit of 179 megapixels: whole regions of slides are larger than that.
_FORMATS: dict[bytes, type[ImageFile.ImageFile]] = {
    b"\x89PNG": PngImagePlugin.PngImageFile,
    b"\xff\xd8": JpegImagePlugin.JpegImageFile,
    b"BM": BmpImagePlugin.BmpImageFile,
}
_MAX_PIXELS = 2**30
_MAX_COMPRESSION = 2000  # deflate reaches 1032 : 1; a header that claims more than this lies


def read_raster(path: Path) -> tuple[tuple[NDArray[np.uint8], ...], float | None]:
    """The image (H, W, 3) as the only level, and its pixel size in µm where the file has a plausible one."""
    with _open(path) as picture:
        dpi = picture.info.get("dpi")
        mpp = plausible_mpp(25400 / float(dpi[0]), 25400 / float(dpi[1])) if dpi and all(dpi) else None
        return (as_rgb(_pixels(picture)),), mpp


def read_indices(path: Path) -> NDArray:
    """The numbers in the file as they are, such as labels; palette indices rather than colours."""
    with _open(path) as picture:
        return np.asarray(picture)


def write_png(path: str | os.PathLike[str], pixels: NDArray[np.uint8]) -> None:
    """Write an RGB image (H, W, 3) as PNG."""
    # Tissue hardly repeats itself: coding its differences without a search takes a quarter of the time and adds 9 % to
    # the file.
    coding = {
        cv2.IMWRITE_PNG_FILTER: cv2.IMWRITE_PNG_FILTER_AVG,
        cv2.IMWRITE_PNG_STRATEGY: cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY,
        cv2.IMWRITE_PNG_COMPRESSION: 1,
    }
    options = [number for pair in coding.items() for number in pair]
    _, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    with replacing(path) as temporary:
        temporary.write_bytes(encoded.tobytes())


def _open(path: Path) -> ImageFile.ImageFile:
    with path.open("rb") as file:
        start = file.read(4)
    kind = next((kind for signature, kind in _FORMATS.items() if start.startswith(signature)), None)
    if kind is None:
        raise NucleusError("Expected a PNG, JPEG or BMP image, got something else. Export the image again.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # broken EXIF and the like, of no concern here
        picture = kind(path)
    width, height = picture.size
    if width * height > min(_MAX_PIXELS, path.stat().st_size * _MAX_COMPRESSION * 8):
        picture.close()
        raise NucleusError(
            f"Expected an image of at most {_MAX_PIXELS // 10**6} megapixels that the file can hold, got {width} × "
            f"{height} pixels. Export it again, or save it as a pyramidal TIFF."
        )
    return picture


def _pixels(picture: ImageFile.ImageFile) -> NDArray:
    if picture.mode == "P":
        return np.asarray(picture.convert("RGBA" if "transparency" in picture.info else "RGB"))
    if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        return np.asarray(picture.convert("RGB"))
    return np.asarray(picture)
