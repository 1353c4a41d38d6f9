"""One annotated image at the pixel size that is trained at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusMap
from napari_nucleus.training.losses.unknown import UNKNOWN

# Of an image and its labels, in memory.
_BYTES = 3 + 4 + 1


@dataclass(frozen=True, slots=True, eq=False)
class TrainingImage:
    """One annotated image.

    Attributes
    ----------
    name : str
    image : (H, W, 3) uint8
    labels : (H, W) int32
    types : (H, W) uint8 or None
        Class of each pixel, 0 = background, `UNKNOWN` where a nucleus has no class; None where classes aren't learnt.
    targets : dict of (H, W, C) float16
        Dense targets by name, and further planes that are cut and turned with the image.
    """

    name: str
    image: NDArray[np.uint8]
    labels: NDArray[np.int32]
    types: NDArray[np.uint8] | None
    targets: dict[str, NDArray[np.float16]] = field(default_factory=dict)

    def size_in_memory(self, planes: int) -> int:
        """Bytes that it takes with so many planes of targets."""
        return self.labels.size * (_BYTES + 2 * planes)

    def nuclei(self) -> NDArray[np.int32]:
        """Centre y, x in pixels and class of each nucleus, (N, 3); 0 = no class."""
        y, x = np.nonzero(self.labels)
        _, first, owner = np.unique(self.labels[y, x], return_index=True, return_inverse=True)
        area = np.bincount(owner)
        classes = np.zeros(len(area)) if self.types is None else self.types[y[first], x[first]] % UNKNOWN
        return np.stack([np.bincount(owner, y) / area, np.bincount(owner, x) / area, classes], 1).astype(np.int32)


def training_image(
    name: str,
    image: NDArray[np.uint8],
    nuclei: NucleusMap,
    mpp: float,
    class_numbers: Callable[[NucleusMap], NDArray[np.uint8]] | None,
) -> TrainingImage:
    """An image as it is trained on.

    Parameters
    ----------
    name : str
    image : (H, W, 3) uint8
    nuclei : NucleusMap
        Of the image's size, with its pixel size.
    mpp : float
        Pixel size that is trained at, in µm.
    class_numbers : callable or None
        Gives the number that each number of the nuclei's scheme becomes, 0 first; None where classes aren't learnt.
    """
    labels = nuclei.labels
    types = None
    if class_numbers is not None:
        types = np.where(labels > 0, class_numbers(nuclei)[nuclei.type_map()], 0).astype(np.uint8)
    if nuclei.mpp != mpp:
        height, width = labels.shape
        size = max(1, round(width * nuclei.mpp / mpp)), max(1, round(height * nuclei.mpp / mpp))
        smooth = cv2.INTER_AREA if nuclei.mpp < mpp else cv2.INTER_CUBIC
        image = np.asarray(cv2.resize(image, size, interpolation=smooth), np.uint8)
        nearest = cv2.INTER_NEAREST_EXACT
        labels = np.asarray(cv2.resize(labels, size, interpolation=nearest), np.int32)
        types = None if types is None else np.asarray(cv2.resize(types, size, interpolation=nearest), np.uint8)
    return TrainingImage(name, np.ascontiguousarray(image), labels, types)
