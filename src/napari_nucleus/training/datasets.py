"""Annotated images in memory, and random crops of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from napari_nucleus.training.dense_targets import DENSE_TARGETS, dense_targets
from napari_nucleus.training.recipe import DataSource, Recipe
from napari_nucleus.training.symmetry import Symmetry

# Brightness of a slide's empty glass: what a crop shows beyond the image.
_GLASS = 240


@dataclass(frozen=True, slots=True, eq=False)
class TrainingImage:
    """One annotated image with its targets, computed once.

    Attributes
    ----------
    name : str
    image : (H, W, 3) uint8
    labels : (H, W) int32
    targets : dict of (H, W, C) float16
        The dense targets that the network needs, by name.
    types : (H, W) uint8 or None
        Class of each pixel, 0 = background; None where the image has no classes.
    centres : (N, 3) int
        y, x and class of each nucleus.
    """

    name: str
    image: NDArray[np.uint8]
    labels: NDArray[np.int32]
    targets: dict[str, NDArray[np.float16]]
    types: NDArray[np.uint8] | None
    centres: NDArray[np.int64]


def load_source(
    folder: Path, source: DataSource, mpp: float, targets: Sequence[str] = ("hv",)
) -> Iterator[TrainingImage]:
    """Images of one source at the wanted pixel size, in the order of their names, with the named dense targets.

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
        yield _load(file, source, mpp, targets)


def _load(file: Path, source: DataSource, mpp: float, targets: Sequence[str]) -> TrainingImage:
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
    # In half precision a source takes half the memory; channels last, as they are cut, resized and turned.
    dense = {k: np.moveaxis(v, 0, -1).astype(np.float16) for k, v in dense_targets(labels, targets).items()}
    return TrainingImage(file.stem, np.ascontiguousarray(image), labels, dense, types, _centres(labels, types))


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
    targets : dict of (B, C, S, S) float32
        Dense targets by name.
    types : (B, S, S) uint8
    typed : (B,) bool
        Whether the crop's classes are known.
    """

    image: Tensor
    nucleus: NDArray[np.bool_]
    targets: dict[str, NDArray[np.float32]]
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
        fields = {name: np.stack([crop[name] for crop in crops]) for name in crops[0]}
        images, nucleus, types, typed = map(fields.pop, ("image", "nucleus", "types", "typed"))
        if augment:
            images = np.stack([soften(image, rng) for image in images])
        return Crops(colour_jitter(images, rng, self._recipe.stain * augment), nucleus, fields, types, typed)

    def _crop(self, rng: np.random.Generator) -> dict[str, NDArray]:
        """The fields of `Crops` for one crop, dense targets under their own names."""
        side = self._recipe.crop
        zoom = float(np.exp(rng.uniform(-1, 1) * np.log(self._recipe.scale)))
        reach = round(side / zoom)
        index, y, x = self._place(rng, reach)
        source, symmetry = self._images[index], Symmetry.drawn(rng)
        image = _window(source.image, y, x, reach, fill=_GLASS)
        if reach != side:
            image = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
        nearest = np.minimum(((np.arange(side) + 0.5) * reach / side).astype(int), reach - 1)

        def cut(array: NDArray) -> NDArray:
            return _window(array, y, x, reach)[nearest][:, nearest]

        labels = symmetry.turn(cut(source.labels))
        types = np.zeros_like(labels) if source.types is None else symmetry.turn(cut(source.types))
        targets = {
            name: np.moveaxis(DENSE_TARGETS[name].turn(cut(target).astype(np.float32), symmetry), -1, 0)
            for name, target in source.targets.items()
        }
        typed = np.asarray(source.types is not None)
        return {
            "image": symmetry.turn(image),
            "nucleus": labels > 0,
            "types": types.astype(np.uint8),
            "typed": typed,
            **targets,
        }

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
