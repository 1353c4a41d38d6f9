"""Any array that a user or a napari layer may hold, as one RGB image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError

_SLACK = 0.1  # resampling overshoots: 0..1 may reach 1.05


def as_rgb(array: Any) -> NDArray[np.uint8]:
    """One image as RGB.

    Axes of length 1 in front are dropped. Channels may come last or first: 1 or 2 (grey, with alpha), 3 (RGB) or 4
    (RGBA). Alpha is laid on white, the colour of bare glass. The range is judged by the array's extremes, alpha
    included:

    ============ ==================================================================================
    values       become 0..255 by
    ============ ==================================================================================
    uint8        staying as they are
    bool         False 0, True 255
    other whole  the number of bits that holds the maximum: 8 (max ≤ 255, kept), 12 (÷ 4095) or 16 (÷ 65535)
    float        0..1 × 255; 0..255 kept; anything else stretched from its minimum and maximum
    ============ ==================================================================================

    A tenth of overshoot (of the maximum) beyond 0..1 or 0..255 is clipped.

    Parameters
    ----------
    array : array_like
        numpy, dask, zarr or anything that numpy can read.

    Returns
    -------
    (H, W, 3) uint8 array
        The array itself where it already is that.

    Raises
    ------
    NucleusError
        A stack of images, no pixels, NaN or infinity, negative whole numbers, more than 16 bits, or not numbers.
    """
    shape = getattr(array, "shape", None)
    if shape is not None and len(shape) > 1:
        _check_stack(tuple(shape))  # before a lazy stack is read
    array = np.asarray(array)
    pixels = _scaled(_channels_last(array))
    if pixels.shape[2] in (2, 4):
        pixels = _on_white(pixels)
    if pixels.shape[2] == 1:
        pixels = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    return np.ascontiguousarray(pixels)


def _check_stack(shape: tuple[int, ...]) -> None:
    """Refuse an empty array, and more than one image."""
    if 0 in shape:
        raise NucleusError(f"Expected an image with pixels, got an empty array of shape {shape}. Choose another image.")
    long = [n for n in shape if n != 1]
    if len(long) > 3:
        raise NucleusError(f"Expected one image, got a stack of {long[0]} (shape {shape}). Choose one of them.")
    if len(long) == 3 and not (long[-1] <= 4 or long[0] in (3, 4)):
        raise NucleusError(
            f"Expected one image with 1 to 4 channels, got a stack of {long[0]} (shape {shape}). Choose one of them."
        )


def _channels_last(array: NDArray) -> NDArray:
    """(H, W, channels) of an array in any of the accepted orders."""
    if array.ndim < 2:
        raise NucleusError(f"Expected an image (H, W, 3), got an array of shape {array.shape}. Give it two dimensions.")
    _check_stack(array.shape)
    while array.ndim > 3:
        array = array.squeeze(array.shape.index(1))
    if array.ndim == 2:
        return array[..., None]
    first, last = array.shape[0], array.shape[-1]
    if last in (3, 4):
        return array
    if first in (3, 4) or (first == 1 and last > 2):
        return np.moveaxis(array, 0, -1)
    if last in (1, 2):
        return array
    raise NucleusError(
        f"Expected one image with 1 to 4 channels, got a stack of {first} (shape {array.shape}). Choose one of them."
    )


def _scaled(array: NDArray) -> NDArray[np.uint8]:
    """The values as 0..255, by the table of `as_rgb`."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if np.issubdtype(array.dtype, np.integer):
        return _from_whole(array)
    if np.issubdtype(array.dtype, np.floating):
        return _from_float(array)
    raise NucleusError(f"Expected numbers as pixels, got {array.dtype}. Save the image as 8-bit RGB.")


def _from_whole(array: NDArray) -> NDArray[np.uint8]:
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > 65535:
        raise NucleusError(
            f"Expected whole numbers from 0 to 65535 as pixels, got {low} to {high}. Save the image as 8-bit RGB."
        )
    if high <= 255:
        return array.astype(np.uint8)
    top = 4095 if high <= 4095 else 65535
    table = np.rint(np.arange(top + 1) * (255 / top)).astype(np.uint8)
    scaled: NDArray[np.uint8] = table[array]
    return scaled


def _from_float(array: NDArray) -> NDArray[np.uint8]:
    low, high = float(array.min()), float(array.max())
    if not np.isfinite((low, high)).all():
        broken = ~np.isfinite(array)
        y, x = np.argwhere(broken)[0, :2]
        raise NucleusError(
            f"Expected finite numbers as pixels, got NaN or infinity in {broken.sum()} places, first at row {y}, "
            f"column {x}. Replace them, for instance with numpy.nan_to_num."
        )
    if low >= -_SLACK and high <= 1 + _SLACK:
        scaled = array * 255.0
    elif low >= -_SLACK * high and high <= (1 + _SLACK) * 255:
        scaled = array
    else:
        scaled = (array.astype(np.float64) - low) * (255.0 / max(high - low, 1e-300))
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def _on_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The last channel as opacity over white."""
    color, alpha = pixels[..., :-1].astype(np.uint16), pixels[..., -1:].astype(np.uint16)
    return ((color * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
