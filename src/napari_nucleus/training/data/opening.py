"""A recipe's sources, opened and looked through once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.training.data.credit import Credit
from napari_nucleus.training.data.source import Source
from napari_nucleus.training.data.store import Images, Memory
from napari_nucleus.training.recipe import Recipe

_GB = 1e9


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """The images that a recipe trains on.

    Attributes
    ----------
    training, held_out : Images
    credits : list of dict
        Of each source: `credit`.
    """

    training: Images
    held_out: Images
    credits: list[Credit]

    def counts(self, n_classes: int) -> NDArray[np.int64]:
        """Nuclei of each class in the images that train, (C,), class 1 first."""
        classes = np.concatenate([entry.nuclei[:, 2] for entry in self.training.entries])
        return np.bincount(classes, minlength=1 + n_classes)[1:]

    def epoch(self, crop: int) -> int:
        """Crops that cover the pixels of the training images once; an image smaller than a crop counts as one."""
        return max(1, round(sum(max(1.0, h * w / crop**2) for h, w in (e.size for e in self.training.entries))))


def open_data(
    recipe: Recipe, folder: str | Path, targets: Sequence[str] = ("hv",)
) -> Generator[Progress, None, TrainingData]:
    """Open a recipe's sources: every image is read once, so that whatever is wrong is said before training.

    Parameters
    ----------
    recipe : Recipe
    folder : path
        That holds the sources' folders.
    targets : sequence of str
        Dense targets that are made of each image (`DENSE_TARGETS`).

    Yields
    ------
    Progress
        An image.

    Raises
    ------
    NucleusError
        A folder is missing, a file is broken, an annotation is missing or has no way to the recipe's classes, or
        nothing is left to train on. The message names the source or the image.
    """
    sources = [Source(number, Path(folder), recipe) for number in range(len(recipe.sources))]
    if not any(source.training for source in sources):
        raise NucleusError("Expected images to train on, got held-out images alone. Shorten validate or test.")
    total = sum(len(source.training) + len(source.held_out) for source in sources)
    memory = Memory(recipe.memory_gb * _GB)
    training, held_out = Images(targets, memory), Images(targets, memory)
    for source in sources:
        for images, positions in ((training, source.training), (held_out, source.held_out)):
            for position in positions:
                yield Progress(len(training) + len(held_out), total, f"reading {source.name}")
                image = source.read(position)
                images.add(source.entry(position, image), image)
        source.check()
    return TrainingData(training, held_out, [source.credit for source in sources])
