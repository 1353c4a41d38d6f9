"""What a model is fine-tuned on: new images, and what it had learnt from."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import SCHEMES, NucleusError, Progress
from napari_nucleus.models.card import ModelCard
from napari_nucleus.models.surgery import class_sources
from napari_nucleus.training.data import Images, TrainingData, TrainingImage, open_data
from napari_nucleus.training.data.store import Entry, Memory
from napari_nucleus.training.finetune.recipe import NUCLEI, FineTuneRecipe
from napari_nucleus.training.recipe import DataSource

_GB = 1e9
# Of old images, every so many is held out where the recipe doesn't name any.
_EVERY = 7


@dataclass(frozen=True, slots=True, eq=False)
class FineTuneData:
    """Images to learn from.

    Attributes
    ----------
    new : TrainingData
    old : TrainingData or None
        What the start learnt from, where its folder is given.
    """

    new: TrainingData
    old: TrainingData | None


def open_both(
    recipe: FineTuneRecipe, card: ModelCard, folder: str | Path, targets: Sequence[str]
) -> Generator[Progress, None, FineTuneData]:
    """Open the new images and those to be rehearsed; of a partial annotation some nuclei are held out.

    Parameters
    ----------
    recipe : FineTuneRecipe
    card : ModelCard
        Of the start.
    folder : path
        That holds the folders of all sources.
    targets : sequence of str
        Dense targets of the network.

    Raises
    ------
    NucleusError
        See `open_data`; or a class is new and has no nuclei.
    """
    known = class_sources(card.scheme, recipe.scheme, recipe.rename)
    new = yield from open_data(recipe, folder, targets)
    _check_new_classes([name for name in known if not known[name]], recipe, new)
    if recipe.partial and recipe.part != NUCLEI and not len(new.held_out):
        new = _without_some(new, recipe, targets)
    if not recipe.rehearses:
        return FineTuneData(new, None)
    sources = tuple(_in_new_classes(source, card, recipe) for source in recipe.rehearsal)
    old = yield from open_data(replace(recipe, sources=sources), folder, targets)
    return FineTuneData(new, old if len(old.held_out) else _some_held_out(old, recipe, targets))


def _in_new_classes(source: DataSource, card: ModelCard, recipe: FineTuneRecipe) -> DataSource:
    """A source of the start's classes, led to the new ones by their names and the table ``rename``."""
    if not source.typed or source.crosswalk:
        return source
    became = {name: recipe.rename.get(name, name) for name in card.scheme.classes}
    walk = {old: new for old, new in became.items() if new in recipe.scheme.classes}
    return replace(source, scheme=source.scheme or (card.classes if card.classes in SCHEMES else ""), crosswalk=walk)


def _check_new_classes(names: Sequence[str], recipe: FineTuneRecipe, data: TrainingData) -> None:
    counts = dict(zip(recipe.scheme.classes, data.counts(len(recipe.scheme)), strict=True))
    for name in names:
        if not counts[name]:
            raise NucleusError(
                f"Expected nuclei of the new class {name!r}, got none. Annotate some, or leave the class out."
            )


def _some_held_out(data: TrainingData, recipe: FineTuneRecipe, targets: Sequence[str]) -> TrainingData:
    """Every seventh image, the second first, is held out, so that forgetting shows; a single one isn't."""
    memory = Memory(recipe.memory_gb * _GB)
    training, held_out = Images(targets, memory), Images(targets, memory)
    for i, (entry, image) in enumerate(zip(data.training.entries, data.training, strict=True)):
        (held_out if i % _EVERY == 1 else training).add(entry, image)
    return TrainingData(training, held_out, data.credits)


def _without_some(data: TrainingData, recipe: FineTuneRecipe, targets: Sequence[str]) -> TrainingData:
    """Nuclei drawn evenly over the classes are taken out of the images, and into images of their own to be scored."""
    rng = np.random.default_rng(recipe.seed)
    memory = Memory(recipe.memory_gb * _GB)
    training, held_out = Images(targets, memory), Images(targets, memory)
    for entry, image in zip(data.training.entries, data.training, strict=True):
        out = _drawn(image, recipe.hold_out, rng)
        for images, of in ((training, np.setdiff1d(np.unique(image.labels), out)), (held_out, out)):
            if (of > 0).any():
                _add(images, entry, partial(_only, entry, of))
    if not len(training):
        return data
    return TrainingData(training, held_out, data.credits)


def _drawn(image: TrainingImage, share: float, rng: np.random.Generator) -> NDArray[np.int32]:
    """Labels to hold out, of each class its share."""
    labels, first = np.unique(image.labels, return_index=True)
    classes = np.zeros(len(labels)) if image.types is None else image.types.ravel()[first]
    order = rng.permutation(len(labels))
    order = order[np.argsort(classes[order], kind="stable")]
    order = order[labels[order] > 0]
    # A class of few nuclei is held out now and then: the place to begin is drawn, too.
    places = np.arange(len(order)) * share + rng.random()
    chosen: NDArray[np.int32] = labels[order[np.floor(places + share) > np.floor(places)]]
    return chosen


def _only(entry: Entry, labels: NDArray[np.int32]) -> TrainingImage:
    """An image with some of its nuclei alone."""
    image = entry.read()
    here = np.isin(image.labels, labels)
    types = None if image.types is None else np.where(here, image.types, 0).astype(np.uint8)
    return TrainingImage(image.name, image.image, np.where(here, image.labels, 0).astype(np.int32), types)


def _add(images: Images, entry: Entry, read: partial[TrainingImage]) -> None:
    image = read()
    images.add(replace(entry, read=read, nuclei=image.nuclei()), image)
