"""Classes of nuclei from the classifiers that models carry, in place of the votes of their pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusMap
from napari_nucleus.inference.features import feature_sums, means
from napari_nucleus.inference.network import Predictor
from napari_nucleus.inference.planes import Planes
from napari_nucleus.models import LoadedModel
from napari_nucleus.postprocess.nucleus_classes import types_of_nuclei, with_probabilities


class NucleusClassifiers:
    """The classifiers of one or more models, asked as one: the mean of their probabilities.

    Features are read in a pass of their own, without flips, so that a slide's never have to lie in memory. A model
    without a classifier counts with what the pixels say.

    Parameters
    ----------
    models : sequence of LoadedModel
        Of one class scheme.
    device : str
    """

    def __init__(self, models: Sequence[LoadedModel], device: str) -> None:
        able = [m for m in models if m.classifier is not None]
        self._heads = [m.classifier for m in able if m.classifier is not None]
        self._share = len(able) / len(models)
        self._predictor = Predictor([m.network for m in able], device) if able else None

    @property
    def passes(self) -> int:
        """How often a tile goes through a network."""
        return len(self._heads)

    def tiles(self, shape: tuple[int, int]) -> int:
        """How many tiles an image of (H, W) pixels needs."""
        return 0 if self._predictor is None else len(self._predictor.tiles(shape))

    def run(self, pixels: NDArray[np.uint8], nuclei: NucleusMap) -> Iterator[int | NucleusMap]:
        """Yields the number of tiles done after each batch, and last the nuclei with their classes.

        Parameters
        ----------
        pixels : (h, w, 3) uint8
            At the models' pixel size.
        nuclei : NucleusMap
            At any.
        """
        if self._predictor is None or len(nuclei) == 0:
            yield nuclei
            return
        ids = nuclei.table["label"].to_numpy(np.int64)
        for step in feature_sums(self._predictor, pixels, nuclei.labels, ids):
            if isinstance(step, int):
                yield step
                continue
            features = means(step, nuclei.labels, ids)
            yield with_probabilities(nuclei, self._probabilities(features, nuclei))

    def _probabilities(self, features: NDArray[np.float32], nuclei: NucleusMap) -> NDArray[np.floating]:
        ends = np.cumsum([len(head.mean) for head in self._heads])[:-1]
        parts = np.split(features, ends, axis=1)
        mine = np.mean([head.probabilities(part) for head, part in zip(self._heads, parts, strict=True)], 0)
        if self._share == 1:
            return np.asarray(mine)
        pixels = nuclei.table[[f"p_{name}" for name in nuclei.scheme.classes]].to_numpy()
        pixels = pixels / np.maximum(pixels.sum(1, keepdims=True), 1e-9)
        return np.asarray(self._share * mine + (1 - self._share) * pixels)


def put_types(nuclei: NucleusMap, planes: Planes) -> None:
    """Write the types of nuclei into planes: background is where there is no nucleus."""
    probabilities = nuclei.table[[f"p_{name}" for name in nuclei.scheme.classes]].to_numpy()
    planes.values[planes.layout.types] = types_of_nuclei(nuclei, probabilities)
