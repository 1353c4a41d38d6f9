"""Annotated images in memory, and random crops of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_nucleus.core import NucleusError
from napari_nucleus.core.nuclei import as_labels
from napari_nucleus.io import read_image
from napari_nucleus.io.files import reading
from napari_nucleus.io.npy import array_in, has_array
from napari_nucleus.training.augment import colour_jitter, soften
from napari_nucleus.training.recipe import DataSource, Recipe
from napari_nucleus.training.targets import hv_targets

# Brightness of a slide's empty glass: what a crop shows beyond the image.
_GLASS = 240
# What a flip does to H and V.
_MIRRORED_LEFT_TO_RIGHT = np.array([-1, 1], np.float32)[:, None, None]
_MIRRORED_TOP_TO_BOTTOM = np.array([1, -1], np.float32)[:, None, None]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingImage:
    """One annotated image with its targets, computed once.

    Attributes
    ----------
    name : str
    image : (H, W, 3) uint8
    labels : (H, W) int32
    hv : (2, H, W) float16
        `training.targets.hv_targets` of the labels.
    types : (H, W) uint8 or None
        Class of each pixel, 0 = background; None where the image has no classes.
    centres : (N, 3) int
        y, x and class of each nucleus.
    """

    name: str
    image: NDArray[np.uint8]
    labels: NDArray[np.int32]
    hv: NDArray[np.float16]
    types: NDArray[np.uint8] | None
    centres: NDArray[np.int64]


def load_source(folder: Path, source: DataSource, mpp: float) -> Iterator[TrainingImage]:
    """Images of one source at the wanted pixel size, in the order of their names.

    A file ``<stem>.npz`` holds ``inst`` and, where classes exist, ``type``; the image is its ``image`` or the ``.jpg``
    or ``.png`` of the same stem.

    Raises
    ------
    NucleusError
        The folder is missing or holds no such file, or a file is broken or lacks an array; the message names it.
    """
    files = sorted((folder / source.folder).glob(f"{source.include}.npz"))
    if not files:
        where = folder / source.folder
        raise NucleusError(f"Expected {source.include}.npz in {where}, got none. Check the data folder.")
    for file in files:
        yield _load(file, source, mpp)


def _load(file: Path, source: DataSource, mpp: float) -> TrainingImage:
    picture = next((p for p in map(file.with_suffix, (".jpg", ".png")) if p.exists()), None)
    with reading(file, "annotation", [".npz"]):
        labels = as_labels(array_in(file, "inst"))
        types = as_labels(array_in(file, "type")).astype(np.uint8) if source.classes else None
        if picture is None and not has_array(file, "image"):
            raise NucleusError("Expected an array 'image' or a .jpg or .png beside it, got none. Add it.")
        image = read_image(picture or file).array
        sizes = {array.shape[:2] for array in (labels, types, image) if array is not None}
        if len(sizes) > 1:
            raise NucleusError(f"Expected image and annotation of one size, got {sorted(sizes)}. Annotate this image.")
    if source.mpp != mpp:
        height, width = labels.shape
        size = (round(width * source.mpp / mpp), round(height * source.mpp / mpp))
        smooth = cv2.INTER_AREA if source.mpp < mpp else cv2.INTER_CUBIC
        image = np.asarray(cv2.resize(image, size, interpolation=smooth), np.uint8)
        nearest = cv2.INTER_NEAREST_EXACT
        labels = np.asarray(cv2.resize(labels, size, interpolation=nearest), np.int32)
        types = None if types is None else np.asarray(cv2.resize(types, size, interpolation=nearest), np.uint8)
    hv = hv_targets(labels).astype(np.float16)
    return TrainingImage(file.stem, np.ascontiguousarray(image), labels, hv, types, _centres(labels, types))


def _centres(labels: NDArray[np.int32], types: NDArray[np.uint8] | None) -> NDArray[np.int64]:
    y, x = np.nonzero(labels)
    _, first, owner = np.unique(labels[y, x], return_index=True, return_inverse=True)
    area = np.bincount(owner)
    classes = np.zeros(len(area)) if types is None else types[y[first], x[first]]
    return np.stack([np.bincount(owner, y) / area, np.bincount(owner, x) / area, classes], 1).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """A batch of crops.

    Attributes
    ----------
    image : (B, 3, S, S) float32 tensor in [0, 1]
    nucleus : (B, S, S) bool
    hv : (B, 2, S, S) float32
    types : (B, S, S) uint8
    typed : (B,) bool
        Whether the crop's classes are known.
    """

    image: Tensor
    nucleus: NDArray[np.bool_]
    hv: NDArray[np.float32]
    types: NDArray[np.uint8]
    typed: NDArray[np.bool_]


class CropSampler:
    """Draws batches of augmented crops; the batch of a step depends on the seed and the step alone.

    Parameters
    ----------
    groups : list of (share, images)
        As the recipe's sources.
    recipe : Recipe
    """

    def __init__(self, groups: list[tuple[float, list[TrainingImage]]], recipe: Recipe) -> None:
        self._images = [image for _, images in groups for image in images]
        # Within a source an image is drawn in proportion to its pixels.
        chance = [
            share * image.labels.size / sum(i.labels.size for i in images)
            for share, images in groups
            for image in images
        ]
        self._chance = np.asarray(chance) / sum(chance)
        self._recipe = recipe
        found = {
            int(c): [(i, y, x) for i, image in enumerate(self._images) for y, x, k in image.centres if k == c]
            for c in range(1, len(recipe.class_weight))
        }
        self._by_class = {c: nuclei for c, nuclei in found.items() if nuclei}

    def batch(self, step: int, *, augment: bool = True) -> Crops:
        """The crops of one step, with or without stain, light and sharpness changed."""
        rng = np.random.default_rng([self._recipe.seed, step])
        crops = [self._crop(rng) for _ in range(self._recipe.batch)]
        images, nucleus, hv, types, typed = (np.stack(part) for part in zip(*crops, strict=True))
        if augment:
            images = np.stack([soften(image, rng) for image in images])
        return Crops(colour_jitter(images, rng, self._recipe.stain * augment), nucleus, hv, types, typed)

    def _crop(self, rng: np.random.Generator) -> tuple[NDArray, ...]:
        side = self._recipe.crop
        zoom = float(np.exp(rng.uniform(-1, 1) * np.log(self._recipe.scale)))
        reach = round(side / zoom)
        index, y, x = self._place(rng, reach)
        source = self._images[index]
        image = _window(source.image, y, x, reach, fill=_GLASS)
        labels = _window(source.labels, y, x, reach)
        hv = _window(source.hv.transpose(1, 2, 0), y, x, reach)
        types = _window(source.types if source.types is not None else labels, y, x, reach)
        if reach != side:
            image = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
            pick = np.minimum(((np.arange(side) + 0.5) * reach / side).astype(int), reach - 1)
            labels, hv, types = labels[pick][:, pick], hv[pick][:, pick], types[pick][:, pick]
        hv = hv.transpose(2, 0, 1).astype(np.float32)
        typed = np.asarray(source.types is not None)
        flipped = _flip(rng, image, labels > 0, hv, types if typed else np.zeros_like(labels))
        return (*flipped[:3], flipped[3].astype(np.uint8), typed)

    def _place(self, rng: np.random.Generator, reach: int) -> tuple[int, int, int]:
        """Image and top left corner of a crop: around a nucleus of an evenly drawn class, or anywhere."""
        if self._by_class and rng.random() < self._recipe.focus:
            nuclei = self._by_class[int(rng.choice(list(self._by_class)))]
            index, y, x = nuclei[rng.integers(len(nuclei))]
            y, x = y - int(rng.integers(reach)), x - int(rng.integers(reach))
        else:
            index = int(rng.choice(len(self._images), p=self._chance))
            y, x = (int(rng.integers(max(1, size - reach + 1))) for size in self._images[index].labels.shape)
        height, width = self._images[index].labels.shape
        return index, max(0, min(int(y), height - reach)), max(0, min(int(x), width - reach))


def _window(array: NDArray, y: int, x: int, reach: int, fill: int = 0) -> NDArray:
    """A square of an array; what lies outside is ``fill``."""
    window = array[y : y + reach, x : x + reach]
    below, right = reach - window.shape[0], reach - window.shape[1]
    if not (below or right):
        return window
    return np.pad(window, ((0, below), (0, right)) + ((0, 0),) * (array.ndim - 2), constant_values=fill)


def _flip(
    rng: np.random.Generator, image: NDArray, nucleus: NDArray, hv: NDArray, types: NDArray
) -> tuple[NDArray, ...]:
    """One of the eight symmetries of the square; the HV map turns with the image."""
    if rng.random() < 0.5:
        image, nucleus, types = image[:, ::-1], nucleus[:, ::-1], types[:, ::-1]
        hv = hv[:, :, ::-1] * _MIRRORED_LEFT_TO_RIGHT
    if rng.random() < 0.5:
        image, nucleus, types = image[::-1], nucleus[::-1], types[::-1]
        hv = hv[:, ::-1] * _MIRRORED_TOP_TO_BOTTOM
    if rng.random() < 0.5:
        image, nucleus, types = image.transpose(1, 0, 2), nucleus.T, types.T
        hv = hv[::-1].transpose(0, 2, 1)
    return image, nucleus, hv, types
