"""One or more trained models that are asked as one, in the terms of another class scheme and pixel size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap
from napari_nucleus.inference.network import Predictor
from napari_nucleus.inference.planes import Planes
from napari_nucleus.models import LoadedModel
from napari_nucleus.postprocess.decoding import decode


class Ensemble:
    """The mean over each model's views, then over the models (Zhang et al. 2025, §3.2); of one model, its answer.

    Parameters
    ----------
    models : sequence of LoadedModel
        Of one class scheme and pixel size, giving the same kind of maps.
    views : bool
        Three views each: as it is, and mirrored both ways.
    device : str

    Attributes
    ----------
    models : tuple of LoadedModel
    predictor : Predictor

    Raises
    ------
    NucleusError
        The models can't be averaged.
    """

    def __init__(self, models: Sequence[LoadedModel], *, views: bool, device: str) -> None:
        self.models = tuple(models)
        for model in self.models[1:]:
            _check_alike(self.models[0], model)
        self.predictor = Predictor([m.network for m in models], device, tta=views)

    @property
    def classes(self) -> ClassScheme:
        """The models' class scheme."""
        return self.models[0].card.scheme

    def planes(self, image: NDArray[np.uint8], mpp: float) -> Planes:
        """Maps of an image (H, W, 3) of a pixel size in µm, at its size; the models see it at theirs."""
        *_, planes = self.predictor.run(self.seen(image, mpp))
        assert isinstance(planes, Planes)
        return planes.resized((image.shape[0], image.shape[1]))

    def nuclei(self, image: NDArray[np.uint8], mpp: float, classes: ClassScheme | None = None) -> NucleusMap:
        """Nuclei of an image, in the models' classes or in others; without classes where `types_into` knows no way."""
        maps = self.planes(image, mpp).maps(mpp)
        if classes is not None and maps.type_prob is not None:
            way = self.types_into(classes)
            maps = replace(maps, type_prob=None if way is None else np.tensordot(way, maps.type_prob, 1))
        return decode(maps, classes or self.classes, self.models[0].card.thresholds)

    def types_into(self, classes: ClassScheme) -> NDArray[np.float32] | None:
        """Other classes from the models', (1 + C there, 1 + C here) of 0 and 1, background first.

        None where the models can't speak of those classes: they give no types, no crosswalk is known, one of their
        classes has no counterpart, or there is a class that they would deny wherever it is.
        """
        try:
            crosswalk = self.classes.crosswalk_to(classes)
        except NucleusError:
            return None
        way = np.zeros((1 + len(classes), 1 + len(self.classes)), np.float32)
        way[0, 0] = 1
        for here, there in crosswalk.items():
            way[there, here] = there > 0
        gives_types = all(model.card.options.get("types", True) for model in self.models)
        return way if gives_types and way.any(0).all() and way.any(1).all() else None

    def seen(self, image: NDArray[np.uint8], mpp: float) -> NDArray[np.uint8]:
        """An image at the models' pixel size."""
        zoom = mpp / self.models[0].card.mpp
        if abs(zoom - 1) < 0.02:  # as two scanners of one magnification may differ
            return image
        size = tuple(max(1, round(side * zoom)) for side in image.shape[1::-1])
        how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def _check_alike(first: LoadedModel, other: LoadedModel) -> None:
    a, b = first.card, other.card
    if a.scheme.classes != b.scheme.classes or a.mpp != b.mpp:
        raise NucleusError(
            f"Expected teachers of one class scheme and pixel size, got {a.name} ({a.classes}, {a.mpp:g} µm) and "
            f"{b.name} ({b.classes}, {b.mpp:g} µm). Name models of one kind."
        )
