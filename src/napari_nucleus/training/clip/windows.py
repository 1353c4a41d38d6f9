"""Windows on the nuclei of a recipe's data sets, with what is known of each."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.graph.measurements import morphology
from napari_nucleus.graph.traits import fits, traits
from napari_nucleus.io.patches import Patch, PatchSet, open_patches
from napari_nucleus.models.nucleus_windows import nucleus_windows
from napari_nucleus.training.clip.captions import UNKNOWN
from napari_nucleus.training.clip.recipe import ClipRecipe, ClipSource
from napari_nucleus.training.data.credit import Credit, credit
from napari_nucleus.training.relabel.tiles import at_mpp


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Nuclei of several images.

    Attributes
    ----------
    pictures : (N, side, side, 3) uint8
    known : (N, 5) int64
        `traits` and number of the class in ``classes``, or `UNKNOWN`.
    classes : tuple of str
    held_out : (N,) bool
        Of images that don't train.
    left_out : (N,) bool
        Of a combination of words that training leaves out.
    credits : tuple of dict
        Of each data set.
    """

    pictures: NDArray[np.uint8]
    known: NDArray[np.int64]
    classes: tuple[str, ...]
    held_out: NDArray[np.bool_]
    left_out: NDArray[np.bool_]
    credits: tuple[Credit, ...]


def read_windows(recipe: ClipRecipe, data: Path) -> Generator[Progress, None, Windows]:
    """Cut the windows of all sources; a ``yield`` an image.

    Raises
    ------
    NucleusError
        There is no such folder, nothing in it fits ``include``, or an image has no truth.
    """
    pictures, known, held_out = [], [], []
    classes: list[str] = []
    stated: list[Credit] = []
    for source in recipe.sources:
        patches, chosen = _chosen(source, data)
        validating = sum(_validates(source, patches.names[i]) for i in chosen)
        stated.append(credit(data / source.folder, data, len(chosen) - validating, validating, typed=source.classes))
        for done, i in enumerate(chosen, 1):
            patch = at_mpp(patches.patch(i), recipe.mpp)
            shown, found = nuclei_of(patch, source, classes)
            pictures.append(shown)
            known.append(found)
            held_out.append(np.full(len(found), _validates(source, patch.name)))
            yield Progress(done, len(chosen), f"cutting windows of {source.folder}")
    everything = np.concatenate(known)
    left_out = np.any([fits(everything, words) for words in recipe.left_out] or np.zeros((1, len(everything))), axis=0)
    return Windows(
        np.concatenate(pictures), everything, tuple(classes), np.concatenate(held_out), left_out, tuple(stated)
    )


def nuclei_of(patch: Patch, source: ClipSource, classes: list[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Windows and what is known of an image's nuclei; classes that are new are added to the list."""
    nuclei = patch.truth
    if nuclei is None:
        raise NucleusError(f"Expected nuclei of {patch.name}, got none. Annotate it.")
    number = np.full(len(nuclei), UNKNOWN)
    if source.classes:
        called = {name: source.names.get(name, name) for name in nuclei.scheme.classes}
        classes.extend(name for name in called.values() if name not in (*classes, "unknown"))
        of = {name: i for i, name in enumerate(classes)}
        number = np.array([of.get(called.get(name, ""), UNKNOWN) for name in nuclei.table["class"]], np.int64)
    found = traits(morphology(nuclei, patch.image.array))
    return nucleus_windows(patch.image.array, nuclei), np.column_stack([found, number]).astype(np.int64)


def _chosen(source: ClipSource, data: Path) -> tuple[PatchSet, list[int]]:
    """A source, and which of its images are taken."""
    patches = open_patches(data / source.folder, source.scheme or None, source.mpp, layout=source.layout or None)
    chosen = [i for i, name in enumerate(patches.names) if fnmatch(name, source.include)]
    if not chosen:
        raise NucleusError(
            f"Expected images called {source.include} in {data / source.folder}, got none. Correct include."
        )
    return patches, chosen


def _validates(source: ClipSource, name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in source.validate)
