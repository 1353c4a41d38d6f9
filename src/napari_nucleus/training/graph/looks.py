"""What a dense network finds in an annotated image, what it sees there and what is measured, also in other colours.

It is done once, then kept.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusMap
from napari_nucleus.graph.tissue import tissue_features
from napari_nucleus.inference import segment
from napari_nucleus.inference.features import model_features
from napari_nucleus.io.files import replacing
from napari_nucleus.models import LoadedModel
from napari_nucleus.training.augment import Augmentation
from napari_nucleus.training.graph.recipe import GraphRecipe
from napari_nucleus.training.symmetry import Symmetry


class Look(NamedTuple):
    """What there is to see of the nuclei of an image; the first view and the first measures are of it as it is.

    Attributes
    ----------
    nuclei : NucleusMap
    visual : (views, N, V) float32
        Features of the dense network.
    tissue : (measures, N, S) float32
        `tissue_features`.
    """

    nuclei: NucleusMap
    visual: NDArray[np.float32]
    tissue: NDArray[np.float32]


class Looker:
    """Looks at images with a dense network, and measures.

    Parameters
    ----------
    recipe : GraphRecipe
    model : LoadedModel
        The recipe's.
    folder : Path
        Where looks are kept; those of another model or in other colours are made anew.
    device : str
        Of torch.
    """

    def __init__(self, recipe: GraphRecipe, model: LoadedModel, folder: Path, device: str) -> None:
        self._recipe, self._model, self._folder, self._device = recipe, model, folder, device

    def __call__(
        self, name: str, pixels: NDArray[np.uint8], nuclei: NucleusMap | None = None, *, varied: bool = False
    ) -> Look:
        """A look at an image (H, W, 3) at the model's pixel size, by default at the nuclei that the model finds.

        ``varied``: with all views and measures of the recipe, in place of the image as it is alone.
        """
        recipe, given = self._recipe, 0 if nuclei is None else _number_of(nuclei)
        key = [recipe.model, recipe.stain, recipe.soften, recipe.seed, given]
        seen = self._kept(name, key, recipe.views if varied else 1, partial(self._look, pixels, nuclei))
        nuclei = self._nuclei(seen) if nuclei is None else nuclei
        key = [recipe.measure_stain, recipe.measure_zoom, recipe.soften, recipe.seed, _number_of(nuclei)]
        measures = recipe.measures if varied and "tissue" in recipe.parts else 1
        measured = self._kept(f"{name}-tissue", key, measures, partial(self._measure, pixels, nuclei))
        return Look(nuclei, seen["views"], measured["views"])

    def _kept(
        self, name: str, key: list[Any], views: int, make: Callable[[int], dict[str, NDArray]]
    ) -> dict[str, NDArray]:
        """What was kept under a name and a key, or else is made now; the first ``views`` of it."""
        file = self._folder / f"{name.replace('/', '-')}.npz"
        kept = _read(file, json.dumps(key))
        if kept is None or len(kept["views"]) < views:
            kept = make(views)
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(file) as part, part.open("wb") as stream:
                np.savez_compressed(stream, allow_pickle=False, key=np.array(json.dumps(key)), **kept)
        return kept | {"views": kept["views"][:views]}

    def _look(self, pixels: NDArray[np.uint8], nuclei: NucleusMap | None, views: int) -> dict[str, NDArray]:
        card = self._model.card
        numbers: dict[str, NDArray] = {}
        if nuclei is None:
            image = Image((pixels,), mpp=card.mpp)
            nuclei = segment(image, self._recipe.model, device=self._device, keep_maps=False).nuclei
            probabilities = nuclei.table[[f"p_{name}" for name in card.scheme.classes]].to_numpy(np.float32)
            numbers = {"labels": nuclei.labels, "classes": nuclei.class_numbers, "probabilities": probabilities}
        return {"views": np.stack([self._features(pixels, nuclei, view) for view in range(views)]), **numbers}

    def _features(self, pixels: NDArray[np.uint8], found: NucleusMap, view: int) -> NDArray[np.float32]:
        symmetry, labels = Symmetry(), found.labels
        if view:
            rng = self._chance(pixels, view)
            symmetry = Symmetry.drawn(rng)
            pixels = self._recoloured(pixels, rng, self._recipe.stain)
        turned, labels = (np.ascontiguousarray(symmetry.turn(array)) for array in (pixels, labels))
        nuclei = NucleusMap.from_labels(labels, mpp=found.mpp)  # the same ids in the same order
        features = model_features(Image((turned,), mpp=found.mpp), nuclei, [self._model], self._device)
        return features.astype(np.float32)

    def _measure(self, pixels: NDArray[np.uint8], found: NucleusMap, measures: int) -> dict[str, NDArray]:
        return {"views": np.stack([self._measured(pixels, found, number) for number in range(measures)])}

    def _measured(self, pixels: NDArray[np.uint8], found: NucleusMap, number: int) -> NDArray[np.float32]:
        mpp = found.mpp
        if number:
            rng = self._chance(pixels, number)
            pixels = self._recoloured(pixels, rng, self._recipe.measure_stain)
            mpp *= float(np.exp(rng.uniform(-1, 1) * np.log(self._recipe.measure_zoom)))
        return tissue_features(NucleusMap.from_labels(found.labels, mpp=mpp), pixels)

    def _chance(self, pixels: NDArray[np.uint8], view: int) -> np.random.Generator:
        """Of one view: it hangs on the seed, the image and the view's number alone."""
        return np.random.default_rng([self._recipe.seed, view, *pixels.shape[:2], int(pixels[::16, ::16].sum())])

    def _recoloured(self, pixels: NDArray[np.uint8], rng: np.random.Generator, stain: float) -> NDArray[np.uint8]:
        coloured = Augmentation(stain=stain, soften=self._recipe.soften).recolour(pixels, rng).permute(1, 2, 0)
        return np.asarray((coloured * 255).round().byte().numpy())

    def _nuclei(self, kept: dict[str, NDArray]) -> NucleusMap:
        card = self._model.card
        plain = NucleusMap.from_labels(kept["labels"], mpp=card.mpp, classes=card.scheme)
        names = np.array(("unknown", *card.scheme.classes), dtype=object)
        table = plain.table.assign(**{"class": pd.Series(names[kept["classes"]], dtype=str)})
        for name, column in zip(card.scheme.classes, kept["probabilities"].T, strict=True):
            table[f"p_{name}"] = column.astype(np.float64)
        return NucleusMap(plain.labels, table, card.mpp, card.scheme)


def _number_of(nuclei: NucleusMap) -> int:
    """The same for the same labels."""
    return zlib.crc32(nuclei.labels.tobytes())


def _read(file: Path, key: str) -> dict[str, NDArray] | None:
    """What was kept; None where there is nothing, it is broken, or is another."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
    except (OSError, ValueError, zipfile.BadZipFile):
        return None
    return arrays if str(arrays.pop("key", "")) == key else None
