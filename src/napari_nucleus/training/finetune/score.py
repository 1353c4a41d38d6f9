"""How a model does on what is held out: on the new images, and on those that it had learnt from."""

from __future__ import annotations

import numpy as np
from torch import nn

from napari_nucleus.core import NucleusMap
from napari_nucleus.evaluation import Case
from napari_nucleus.inference.network import Predictor
from napari_nucleus.postprocess.thresholds import Thresholds
from napari_nucleus.training.data import TrainingImage
from napari_nucleus.training.finetune.data import FineTuneData
from napari_nucleus.training.finetune.recipe import FineTuneRecipe
from napari_nucleus.training.held_out import HeldOut

_FELL = -1.0
_WATCHED = ("val_old_pq", "val_old_fc")


class AnnotatedHeldOut(HeldOut):
    """Held-out images that are annotated here and there: a prediction counts if most of it lies on annotated nuclei."""

    def _case(self, image: TrainingImage, predictor: Predictor) -> Case:
        case = super()._case(image, predictor)
        labels = case.prediction.labels
        area = np.bincount(labels.ravel())
        annotated = np.bincount(labels.ravel(), image.labels.ravel() > 0, minlength=len(area))
        kept = annotated * 2 > area
        kept[0] = False
        table = case.prediction.table
        table = table[kept[table["label"].to_numpy()]].reset_index(drop=True)
        prediction = NucleusMap(np.where(kept[labels], labels, 0), table, case.prediction.mpp, case.prediction.scheme)
        return Case(case.name, case.truth, prediction)


class Scores:
    """Scores of what is held out on both sides.

    Attributes
    ----------
    new, old : HeldOut
        On the new images, and on those that the start had learnt from.

    Parameters
    ----------
    data : FineTuneData
    recipe : FineTuneRecipe
    thresholds : Thresholds
        The start's, which its card hands on.
    """

    def __init__(self, data: FineTuneData, recipe: FineTuneRecipe, thresholds: Thresholds) -> None:
        self._tolerance = recipe.tolerance
        self.new = (AnnotatedHeldOut if recipe.partial else HeldOut)(data.new.held_out, recipe, thresholds)
        self.old = None if data.old is None else HeldOut(data.old.held_out, recipe, thresholds)

    def of(self, network: nn.Module) -> dict[str, float]:
        """``val_pq``, ``val_fd``, ``val_fc``, ``val_f1`` of the new images, ``val_old_pq`` and so on of the others."""
        values = self.new.scores(network)
        old = {} if self.old is None else self.old.scores(network)
        return values | {name.replace("val_", "val_old_", 1): value for name, value in old.items()}

    def score(self, values: dict[str, float], before: dict[str, float]) -> float:
        """What chooses the weights: the mean of PQ and F on the new images, in [0, 1].

        Where PQ or F_c falls on the other images by more than the tolerance, it is below 0, the lower the more
        they fell; without new images held out it counts what has become of the others.
        """
        falls = [before[name] - values[name] for name in _WATCHED if name in values]
        if falls and max(falls) > self._tolerance:
            return _FELL - max(falls)
        names = ("val_pq", "val_f1") if "val_pq" in values else ("val_old_pq", "val_old_f1")
        return (values[names[0]] + values[names[1]]) / 2
