"""Whole held-out images through a network: scores of the nuclei that are decoded, and one to look at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from napari_nucleus.core import FlowMaps, HoverMaps, NucleusMap
from napari_nucleus.evaluation import Case, Evaluation, evaluate
from napari_nucleus.inference.network import Predictor
from napari_nucleus.postprocess.decoding import decode
from napari_nucleus.postprocess.thresholds import Thresholds
from napari_nucleus.training.data import Images, TrainingImage
from napari_nucleus.training.losses import UNKNOWN
from napari_nucleus.training.recipe import Recipe

# Side of the part of an image that is looked at, in pixels.
_PREVIEW = 512


class HeldOut:
    """Held-out images, of which at most ``recipe.validate_images``, evenly spread, are decoded.

    Attributes
    ----------
    evaluation : Evaluation or None
        Of the last `scores`.

    Parameters
    ----------
    images : Images
    recipe : Recipe
    thresholds : Thresholds, optional
        Of decoding; those of a model that has some already.
    """

    def __init__(self, images: Images, recipe: Recipe, thresholds: Thresholds | None = None) -> None:
        self._images, self._recipe, self._thresholds = images, recipe, thresholds or Thresholds()
        n = min(len(images), recipe.validate_images)
        self._shown = np.unique(np.linspace(0, len(images) - 1, n).round().astype(int)).tolist()
        self.evaluation: Evaluation | None = None

    @property
    def names(self) -> list[str]:
        """Of the images that are decoded."""
        return [self._images.entries[i].name for i in self._shown]

    def scores(self, network: nn.Module) -> dict[str, float]:
        """``val_pq`` (mean over the images), ``val_fd``, ``val_fc`` (mean over the classes) and the mean of these two.

        With one class, or where no nucleus has a known one, ``val_f1`` is ``val_fd``; a score of nothing is 0.
        """
        if not self._shown:
            return {}
        predictor = self._predictor(network)
        self.evaluation = evaluate(self._case(self._images[i], predictor) for i in self._shown)
        found = {name: float(values.ravel()[0]) for name, values in self.evaluation.scores().items()}
        pq, f_d, f_c = (found.get(name, np.nan) for name in ("pq", "f_d", "f_c"))
        values = {"val_pq": pq, "val_fd": f_d, "val_fc": f_c, "val_f1": f_d if np.isnan(f_c) else (f_d + f_c) / 2}
        return {name: 0.0 if np.isnan(value) else value for name, value in values.items()}

    def preview(self, network: nn.Module) -> dict[str, NDArray[Any]]:
        """The middle of the first image: ``image`` (S, S, 3) uint8, ``labels`` and ``truth`` (S, S) int32.

        ``np`` (S, S) float32 is the probability of nucleus, ``type`` (S, S) uint8 the class of each decoded nucleus's
        pixels, where there are classes. Empty where nothing is held out.
        """
        if not len(self._images):
            return {}
        image = _middle(self._images[0])
        maps, nuclei = self._decoded(image, self._predictor(network))
        probability = maps.prob if isinstance(maps, FlowMaps) else maps.np_prob
        shown: dict[str, NDArray[Any]] = {
            "image": image.image,
            "labels": nuclei.labels,
            "truth": image.labels,
            "np": probability,
        }
        return shown if maps.type_prob is None else shown | {"type": nuclei.type_map()}

    def _predictor(self, network: nn.Module) -> Predictor:
        return Predictor([network], str(next(network.parameters()).device))

    def _case(self, image: TrainingImage, predictor: Predictor) -> Case:
        prediction = self._decoded(image, predictor)[1]
        types = np.zeros(image.labels.shape, np.uint8) if image.types is None else image.types % UNKNOWN
        truth = NucleusMap.from_labels(image.labels, mpp=self._recipe.mpp, classes=prediction.scheme, type_map=types)
        return Case(image.name, truth, prediction)

    def _decoded(self, image: TrainingImage, predictor: Predictor) -> tuple[HoverMaps | FlowMaps, NucleusMap]:
        *_, planes = predictor.run(image.image)
        assert not isinstance(planes, int)
        maps = planes.maps(self._recipe.mpp)
        return maps, decode(maps, self._recipe.scheme, self._thresholds)


def _middle(image: TrainingImage) -> TrainingImage:
    height, width = image.labels.shape
    y, x = (max(0, (size - _PREVIEW) // 2) for size in (height, width))
    window = np.s_[y : y + _PREVIEW, x : x + _PREVIEW]
    types = None if image.types is None else image.types[window]
    return TrainingImage(image.name, np.ascontiguousarray(image.image[window]), image.labels[window], types)
