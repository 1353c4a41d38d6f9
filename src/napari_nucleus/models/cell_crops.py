"""Crops of single nuclei, as `cell_resnet50` is shown them (Shvetsov et al. 2025, §2)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from napari_nucleus.core import NucleusMap

CONTEXT_PX = 15
SIDE_PX = 64


def cell_crops(
    image: NDArray[np.uint8], nuclei: NucleusMap, context: int = CONTEXT_PX, side: int = SIDE_PX
) -> NDArray[np.uint8]:
    """Each nucleus with its surroundings.

    The box around a nucleus is made square, so that resizing keeps its shape ("adjusting cell boxes"), and widened by
    ``context`` on every side; beyond the image it is mirrored; the crop is resized bicubically.

    Parameters
    ----------
    image : (H, W, 3) uint8
    nuclei : NucleusMap
        Of that image.
    context, side : int
        In pixels.

    Returns
    -------
    (N, side, side, 3) uint8
        In the order of the nuclei's table.
    """
    ids = nuclei.table["label"].to_numpy(np.int64)
    order = np.argsort(ids)
    position = np.zeros(nuclei.labels.shape, np.int32)  # 1 to N, whatever gaps the labels have
    inside = nuclei.labels > 0
    position[inside] = order[np.searchsorted(ids[order], nuclei.labels[inside])] + 1
    crops = np.empty((len(ids), side, side, 3), np.uint8)
    for crop, box in zip(crops, find_objects(position, len(ids)), strict=True):
        crop[:] = _crop(image, box, context, side)
    return crops


def _crop(image: NDArray[np.uint8], box: tuple[slice, slice], context: int, side: int) -> NDArray[np.uint8]:
    length = max(part.stop - part.start for part in box) + 2 * context
    starts = [(part.start + part.stop - length) // 2 for part in box]
    before = [max(0, -start) for start in starts]
    after = [max(0, start + length - size) for start, size in zip(starts, image.shape, strict=False)]
    y, x = (slice(max(0, start), start + length) for start in starts)
    square = np.pad(image[y, x], (*zip(before, after, strict=True), (0, 0)), mode="symmetric")
    resized = cv2.resize(square, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)
