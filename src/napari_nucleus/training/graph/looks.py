"""What a dense network finds in an annotated image, and what it sees there in several views: done once, then kept."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusMap
from napari_nucleus.inference import segment
from napari_nucleus.inference.features import model_features
from napari_nucleus.io.files import replacing
from napari_nucleus.models import LoadedModel
from napari_nucleus.training.augment import Augmentation
from napari_nucleus.training.graph.recipe import GraphRecipe
from napari_nucleus.training.symmetry import Symmetry

Look = tuple[NucleusMap, NDArray[np.float32]]
"""Nuclei that were found, and features (views, N, V); the first view is the image as it is."""


class Looker:
    """Looks at images with a dense network.

    Parameters
    ----------
    recipe : GraphRecipe
    model : LoadedModel
        The recipe's.
    folder : Path
        Where looks are kept; those of another model or other views are made anew.
    device : str
        Of torch.
    """

    def __init__(self, recipe: GraphRecipe, model: LoadedModel, folder: Path, device: str) -> None:
        self._recipe, self._model, self._folder, self._device = recipe, model, folder, device
        self._recolour = Augmentation(stain=recipe.stain, soften=recipe.soften)

    def __call__(self, name: str, pixels: NDArray[np.uint8], views: int, nuclei: NucleusMap | None = None) -> Look:
        """A look at an image (H, W, 3) at the model's pixel size, by default at the nuclei that the model finds."""
        file = self._folder / f"{name.replace('/', '-')}.npz"
        recipe, given = self._recipe, 0 if nuclei is None else zlib.crc32(nuclei.labels.tobytes())
        key = json.dumps([recipe.model, views, recipe.stain, recipe.soften, recipe.seed, given])
        kept = _read(file, key)
        if kept is None:
            kept = self._look(pixels, views, nuclei)
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(file) as part, part.open("wb") as stream:
                np.savez_compressed(stream, allow_pickle=False, key=np.array(key), **kept)
        return self._nuclei(kept) if nuclei is None else nuclei, kept["visual"]

    def _look(self, pixels: NDArray[np.uint8], views: int, nuclei: NucleusMap | None) -> dict[str, NDArray]:
        card = self._model.card
        numbers: dict[str, NDArray] = {}
        if nuclei is None:
            image = Image((pixels,), mpp=card.mpp)
            nuclei = segment(image, self._recipe.model, device=self._device, keep_maps=False).nuclei
            probabilities = nuclei.table[[f"p_{name}" for name in card.scheme.classes]].to_numpy(np.float32)
            numbers = {"labels": nuclei.labels, "classes": nuclei.class_numbers, "probabilities": probabilities}
        visual = [self._features(pixels, nuclei, view) for view in range(views)]
        return {"visual": np.stack(visual).astype(np.float32), **numbers}

    def _features(self, pixels: NDArray[np.uint8], found: NucleusMap, view: int) -> NDArray[np.float32]:
        symmetry, labels = Symmetry(), found.labels
        if view:
            rng = np.random.default_rng([self._recipe.seed, view, *pixels.shape[:2], int(pixels[::16, ::16].sum())])
            symmetry = Symmetry.drawn(rng)
            coloured = self._recolour.recolour(pixels, rng).permute(1, 2, 0)
            pixels = np.asarray((coloured * 255).round().byte().numpy())
        turned, labels = (np.ascontiguousarray(symmetry.turn(array)) for array in (pixels, labels))
        nuclei = NucleusMap.from_labels(labels, mpp=found.mpp)  # the same ids in the same order
        return model_features(Image((turned,), mpp=found.mpp), nuclei, [self._model], self._device)

    def _nuclei(self, kept: dict[str, NDArray]) -> NucleusMap:
        card = self._model.card
        plain = NucleusMap.from_labels(kept["labels"], mpp=card.mpp, classes=card.scheme)
        names = np.array(("unknown", *card.scheme.classes), dtype=object)
        table = plain.table.assign(**{"class": pd.Series(names[kept["classes"]], dtype=str)})
        for name, column in zip(card.scheme.classes, kept["probabilities"].T, strict=True):
            table[f"p_{name}"] = column.astype(np.float64)
        return NucleusMap(plain.labels, table, card.mpp, card.scheme)


def _read(file: Path, key: str) -> dict[str, NDArray] | None:
    """A kept look; None where there is none, it is broken, or is another."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
    except (OSError, ValueError, zipfile.BadZipFile):
        return None
    return arrays if str(arrays.pop("key", "")) == key else None
