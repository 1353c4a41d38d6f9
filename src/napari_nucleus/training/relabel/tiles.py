"""Images of any size to patches of one size, as MoNuSAC is prepared by Shvetsov et al. 2025, supplement S1."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusMap
from napari_nucleus.io.patches import Patch

TILE_PX = 256
LEAST_PX = 128


def equal_tiles(patch: Patch, side: int = TILE_PX, least: int = LEAST_PX) -> Iterator[Patch]:
    """Cut an annotated image into tiles of ``side`` × ``side`` pixels; nothing of it is lost, unless it is too small.

    * An image with a side below ``least`` is dropped: no tile comes.
    * One with a side from ``least`` to below ``side`` is enlarged, in proportion and bicubically, until it has
      ``side``; its pixel size shrinks with it.
    * Where the sides are no multiples of ``side``, the image is continued by its mirror image, at the bottom and on
      the right. A nucleus that the edge cuts is completed by its mirror image; a mirrored nucleus that lies apart is
      one of its own (that is why the paper counts half as many nuclei again as MoNuSAC has).

    The paper says neither whether a small image keeps its proportions nor what happens to nuclei: this is our reading.

    Parameters
    ----------
    patch : Patch
    side, least : int
        In pixels.

    Yields
    ------
    Patch
        ``<name>_<row>_<column>``; labels are unique in the image, so that a nucleus that is cut by the grid has the
        same label in both tiles.
    """
    image, truth = patch.image.array, patch.truth
    labels = np.zeros(image.shape[:2], np.int32) if truth is None else truth.labels
    shortest = min(labels.shape)
    if shortest < least:
        return
    mpp = patch.image.mpp
    if shortest < side:
        image, labels = _resized(image, labels, side / shortest)
        mpp = None if mpp is None else mpp * shortest / side
    origin = {label: label for label in _ids(labels)}
    for axis in (0, 1):
        after = -labels.shape[axis] % side
        image = np.pad(image, [(0, after if a == axis else 0) for a in range(3)], mode="symmetric")
        labels, copies = _mirrored(labels, after, axis)
        origin |= {copy: origin[label] for copy, label in copies.items()}
    for y in range(0, labels.shape[0], side):
        for x in range(0, labels.shape[1], side):
            name = f"{patch.name}_{y // side}_{x // side}"
            square = np.s_[y : y + side, x : x + side]
            picture = Image((np.ascontiguousarray(image[square]),), mpp, name, patch.image.path)
            nuclei = None if truth is None else _classified(labels[square], origin, truth, mpp)
            yield Patch(name, picture, nuclei, patch.tissue)


def at_mpp(patch: Patch, mpp: float) -> Patch:
    """An annotated image at another pixel size, in µm; one that doesn't state its own is taken to have it."""
    if patch.image.mpp in (None, mpp):
        return patch
    truth = patch.truth
    labels = np.zeros(patch.image.shape, np.int32) if truth is None else truth.labels
    image, labels = _resized(patch.image.array, labels, patch.image.mpp / mpp)
    origin = {label: label for label in _ids(labels)}
    nuclei = None if truth is None else _classified(labels, origin, truth, mpp)
    return Patch(patch.name, Image((image,), mpp, patch.name, patch.image.path), nuclei, patch.tissue)


def _resized(
    image: NDArray[np.uint8], labels: NDArray[np.int32], factor: float
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    size = tuple(max(1, round(length * factor)) for length in labels.shape[::-1])
    smooth = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    image = np.asarray(cv2.resize(image, size, interpolation=smooth), np.uint8)
    return image, np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT), np.int32)


def _mirrored(labels: NDArray[np.int32], after: int, axis: int) -> tuple[NDArray[np.int32], dict[int, int]]:
    """Labels continued by their mirror image, and the original of each label that is new in it."""
    if not after:
        return labels, {}
    edge = np.unique(labels.take(-1, axis))
    mirror = np.flip(labels, axis).take(range(after), axis)
    apart = (mirror > 0) & ~np.isin(mirror, edge)
    first = int(labels.max(initial=0))
    copies = {first + int(label): int(label) for label in _ids(mirror[apart])}
    return np.concatenate([labels, mirror + np.where(apart, first, 0).astype(np.int32)], axis), copies


def _classified(labels: NDArray[np.int32], origin: dict[int, int], truth: NucleusMap, mpp: float | None) -> NucleusMap:
    kinds = dict(zip(truth.table["label"], truth.class_numbers, strict=True))
    class_of = {label: int(kinds[origin[label]]) for label in _ids(labels)}
    return NucleusMap.from_labels(labels, mpp=mpp or truth.mpp, classes=truth.scheme, class_of=class_of)


def _ids(labels: NDArray[np.int32]) -> list[int]:
    return [int(label) for label in np.unique(labels) if label > 0]
