"""TIFF, OME-TIFF and BigTIFF."""

from __future__ import annotations

import html
import logging
import re
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from tifffile import PHOTOMETRIC, TiffFile, TiffPageSeries

from napari_nucleus.core import NucleusError
from napari_nucleus.core.image import Pixels
from napari_nucleus.io.lazy import LazyLevel
from napari_nucleus.io.pixel_size import MICRONS, plausible_mpp
from napari_nucleus.io.rgb import as_rgb
from napari_nucleus.io.slide import read_slide, vendor

# What the reader thinks of a broken file reaches the user as our one line, not on stderr.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_MAX_BYTES = 2**34
_RESOLUTION_UNITS = {2: "inch", 3: "cm", 4: "mm", 5: "µm"}


def read_tiff(path: Path) -> tuple[tuple[Pixels, ...], float | None]:
    """The image (H, W, 3), lazily and with its levels where it is a pyramid, and its pixel size in µm where known."""
    if vendor(path) not in (None, "generic-tiff"):
        return read_slide(path)
    with TiffFile(path) as tiff:
        mpp = tiff_mpp(tiff)
        levels = tiff.series[0].levels
        if len(levels) == 1 or not all(_is_rgb(level) for level in levels):
            return (as_rgb(_in_color(tiff)),), mpp
    lock = Lock()
    series = TiffFile(path).series[0]  # stays open as long as a level is in use
    return tuple(_lazy(series, level, lock) for level in range(len(levels))), mpp


def read_pixels(tiff: TiffFile) -> NDArray:
    """The pixels of the first series as they are stored.

    Raises
    ------
    NucleusError
        More than 16 GiB.
    """
    series = tiff.series[0]
    if series.nbytes > _MAX_BYTES:
        raise NucleusError(
            f"Expected an image of at most {_MAX_BYTES >> 30} GiB, got {series.nbytes >> 30} GiB. "
            "Save it as a pyramidal TIFF."
        )
    pixels: NDArray = series.asarray()
    return pixels


def _in_color(tiff: TiffFile) -> NDArray:
    """The pixels as colours or grey."""
    page = tiff.pages.first
    if page.photometric in (PHOTOMETRIC.SEPARATED, PHOTOMETRIC.CIELAB):
        raise NucleusError("Expected an RGB or grey image, got CMYK or Lab. Save it as RGB.")
    pixels = read_pixels(tiff)
    if page.photometric == PHOTOMETRIC.PALETTE and page.colormap is not None:
        return np.moveaxis(page.colormap[:, pixels] >> 8, 0, -1).astype(np.uint8)
    return pixels


def tiff_mpp(tiff: TiffFile) -> float | None:
    """Pixel size in µm from the OME, ImageJ or resolution metadata; None where it is missing or implausible."""
    if tiff.ome_metadata:
        known = plausible_mpp(*(_ome_size(tiff.ome_metadata, axis) for axis in "XY"))
        if known is not None:
            return known
    page = tiff.pages.first
    unit = _RESOLUTION_UNITS.get(int(page.tags.valueof(296, 1)), "")
    if tiff.imagej_metadata:
        stated = str(tiff.imagej_metadata.get("unit", "")).replace("\\u00B5", "µ")
        unit = stated if stated.lower() in MICRONS else unit
    return plausible_mpp(*(_micron_of(page.tags.valueof(tag), unit) for tag in (282, 283)))


def _ome_size(xml: str, axis: str) -> float | None:
    """``PhysicalSize`` of the first image in µm; read without an XML parser, so nothing in the file can expand."""
    pixels = re.search(r"<(?:\w+:)?Pixels\b[^>]*>", xml)
    found = dict(re.findall(r'\b(PhysicalSize[XY](?:Unit)?)="([^"]*)"', pixels[0])) if pixels else {}
    unit = html.unescape(found.get(f"PhysicalSize{axis}Unit", "µm")).replace("μ", "µ").lower()
    try:
        return float(found[f"PhysicalSize{axis}"]) * MICRONS[unit]
    except (KeyError, ValueError):
        return None


def _micron_of(resolution: tuple[int, int] | None, unit: str) -> float | None:
    """Size of a pixel in µm from the tag's pixels a unit."""
    if not resolution or not all(resolution) or unit.lower() not in MICRONS:
        return None
    return MICRONS[unit.lower()] * resolution[1] / resolution[0]


def _is_rgb(series: TiffPageSeries) -> bool:
    return series.dtype == np.uint8 and len(series.shape) == 3 and 3 in (series.shape[0], series.shape[2])


def _lazy(series: TiffPageSeries, level: int, lock: Lock) -> LazyLevel:
    store = zarr.open_array(series.aszarr(level=level), mode="r")
    channels_first = store.shape[2] != 3
    height, width = store.shape[1:] if channels_first else store.shape[:2]
    return LazyLevel(height, width, partial(_window, store, lock, channels_first))


def _window(store: Any, lock: Lock, channels_first: bool, y: int, x: int, height: int, width: int) -> NDArray[np.uint8]:
    window = slice(y, y + height), slice(x, x + width)
    with lock:
        if channels_first:
            return np.moveaxis(np.asarray(store[(slice(None), *window)]), 0, -1)
        return np.asarray(store[window])
