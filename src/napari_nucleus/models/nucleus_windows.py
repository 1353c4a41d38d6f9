"""Windows on single nuclei at one scale, so that small and large can be seen, with all around the nucleus faded."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusError, NucleusMap

SIDE_PX = 64
SIDE_UM = 16.0
_FADED = 0.5


def nucleus_windows(
    image: Image | NDArray[np.uint8], nuclei: NucleusMap, side: int = SIDE_PX, side_um: float = SIDE_UM
) -> NDArray[np.uint8]:
    """A window around the middle of each nucleus's box; what isn't that nucleus is half faded to white.

    Other than `cell_crops`, which fills the picture with the nucleus, it shows each at the same scale. Fading says
    which nucleus is meant where several are in sight; beyond the image all is white.

    Parameters
    ----------
    image : Image or (H, W, 3) uint8
    nuclei : NucleusMap
        Of that image.
    side : int
        Of a window, in pixels.
    side_um : float
        The same in µm.

    Returns
    -------
    (N, side, side, 3) uint8
        In the order of the nuclei's table.

    Raises
    ------
    NucleusError
        The image is none of uint8 RGB, or of another size than the nuclei's.
    """
    from scipy.ndimage import find_objects

    pixels = image.array if isinstance(image, Image) else np.asarray(image)
    if pixels.shape != (*nuclei.labels.shape, 3) or pixels.dtype != np.uint8:
        raise NucleusError(
            f"Expected an RGB image {(*nuclei.labels.shape, 3)} of uint8, got {pixels.shape} of {pixels.dtype}. Give "
            "the image that the nuclei were found in."
        )
    length = max(2, round(side_um / nuclei.mpp))
    ids = nuclei.table["label"].to_numpy(np.int64)
    windows = np.empty((len(ids), side, side, 3), np.uint8)
    ranks = np.searchsorted(np.sort(ids), ids)
    boxes = find_objects(_ranked(nuclei.labels, np.sort(ids)), len(ids))
    for window, label, rank in zip(windows, ids, ranks, strict=True):
        window[:] = _window(pixels, nuclei.labels, label, boxes[rank], length, side)
    return windows


def _ranked(labels: NDArray[np.int32], ids: NDArray[np.int64]) -> NDArray[np.int32]:
    """Labels as 1 to N, whatever gaps they have."""
    ranked = np.zeros(labels.shape, np.int32)
    inside = labels > 0
    ranked[inside] = np.searchsorted(ids, labels[inside]) + 1
    return ranked


def _window(
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int32],
    label: int,
    box: tuple[slice, slice],
    length: int,
    side: int,
) -> NDArray[np.uint8]:
    starts = [(part.start + part.stop - length) // 2 for part in box]
    y, x = (slice(max(0, start), max(0, start + length)) for start in starts)
    shown = labels[y, x]
    there = tuple(
        slice(part.start - start, part.start - start + size)
        for part, start, size in zip((y, x), starts, shown.shape, strict=True)
    )
    window = np.full((length, length, 3), 255, np.uint8)
    faded = 255 - (_FADED * (255 - pixels[y, x])).astype(np.uint8)
    window[there] = np.where((shown == label)[..., None], pixels[y, x], faded)
    if length == side:
        return window
    smooth = cv2.INTER_CUBIC if length < side else cv2.INTER_AREA
    return np.asarray(cv2.resize(window, (side, side), interpolation=smooth), np.uint8)
