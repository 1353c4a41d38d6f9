"""Crops drawn by chance, each from the seed, its step and its number in the batch alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_nucleus.training.augment import Augmentation, Cut, Move
from napari_nucleus.training.data.store import Images
from napari_nucleus.training.recipe import Recipe


class CropSampler:
    """Draws crops of images.

    Parameters
    ----------
    images : Images
    recipe : Recipe
        Its ``seed``, ``crop``, ``focus`` and ``balance``.
    augmentation : Augmentation, optional
        The recipe's by default.
    """

    def __init__(self, images: Images, recipe: Recipe, augmentation: Augmentation | None = None) -> None:
        self._images, self._recipe = images, recipe
        self._augmentation = augmentation or recipe
        self._chance = _chance(images)
        self._nuclei = _by_class(images)
        met = np.array([len(nuclei) for nuclei in self._nuclei], float) ** (1 - recipe.balance)
        self._class_chance = met / met.sum() if len(met) else met

    def batch(self, step: int, samples: Any) -> dict[str, Tensor]:
        """Some crops of a step's batch; a sample depends on the seed, the step and its number alone.

        Returns
        -------
        dict of tensors, first axis the samples
            ``image`` (B, 3, S, S) float32 in [0, 1], ``nucleus`` (B, 1, S, S) bool, ``types`` (B, S, S) uint8 with
            `UNKNOWN` where they aren't known, ``typed`` (B,) bool, and each target (B, C, S, S) float32 by its name.
        """
        crops = [self.sample(step, sample) for sample in samples]
        return {name: torch.stack([crop[name] for crop in crops]) for name in crops[0]}

    def sample(self, step: int, sample: int) -> dict[str, Tensor]:
        """One crop of `batch`, without the first axis."""
        rng = np.random.default_rng([self._recipe.seed, step, sample])
        move = self._augmentation.move(rng)
        index, cut = self.place(rng, move)
        source = self._images[index]
        types = np.zeros((cut.side, cut.side), np.uint8) if source.types is None else cut.nearest(source.types)
        targets = {name: cut.target(name, target, source.labels) for name, target in source.targets.items()}
        return {
            "image": self._augmentation.recolour(np.ascontiguousarray(cut.image(source.image)), rng),
            "nucleus": _tensor(cut.nearest(source.labels)[None] > 0),
            "types": _tensor(types),
            "typed": torch.tensor(source.types is not None),
            **{name: _tensor(np.moveaxis(target, -1, 0)) for name, target in targets.items()},
        }

    def place(self, rng: np.random.Generator, move: Move) -> tuple[int, Cut]:
        """Position of an image and a cut of it: around a nucleus of a class drawn by chance, or anywhere."""
        reach = move.reach(self._recipe.crop)
        if self._nuclei and rng.random() < self._recipe.focus:
            nuclei = self._nuclei[int(rng.choice(len(self._nuclei), p=self._class_chance))]
            index, y, x = nuclei[rng.integers(len(nuclei))].tolist()
            y, x = y - int(rng.integers(reach)), x - int(rng.integers(reach))
        else:
            index = int(rng.choice(len(self._images), p=self._chance))
            y, x = (int(rng.integers(max(1, size - reach + 1))) for size in self._images.entries[index].size)
        height, width = self._images.entries[index].size
        return index, Cut(max(0, min(y, height - reach)), max(0, min(x, width - reach)), self._recipe.crop, move)


def _chance(images: Images) -> NDArray[np.float64]:
    """Of each image: sources by their share, within a source images by their pixels."""
    pixels = np.array([height * width for height, width in (entry.size for entry in images.entries)], float)
    sources = np.array([entry.source for entry in images.entries])
    shares = np.array([entry.share for entry in images.entries])
    chance = shares * pixels / np.bincount(sources, pixels)[sources]
    normal: NDArray[np.float64] = chance / chance.sum()
    return normal


def _by_class(images: Images) -> list[NDArray[np.int32]]:
    """Image, y and x of the nuclei of each class that is met, (N, 3) each."""
    of = np.repeat(np.arange(len(images)), [len(entry.nuclei) for entry in images.entries])
    nuclei = np.concatenate([entry.nuclei for entry in images.entries])
    classes = nuclei[:, 2]
    return [
        np.column_stack([of, nuclei[:, :2]])[classes == number].astype(np.int32)
        for number in np.unique(classes[classes > 0])
    ]


def _tensor(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
