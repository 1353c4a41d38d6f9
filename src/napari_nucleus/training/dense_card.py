"""The card of a dense network that has been trained."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from napari_nucleus.core import SCHEMES
from napari_nucleus.evaluation import Evaluation
from napari_nucleus.models.card import ModelCard
from napari_nucleus.models.zoo import count_parameters
from napari_nucleus.training.data import TrainingData
from napari_nucleus.training.held_out import HeldOut
from napari_nucleus.training.recipe import Recipe

_INTERVALS = "value, then its 95 % interval: percentiles of 1000 bootstrap samples of the images, seed 0"


def dense_card(recipe: Recipe, data: TrainingData, network: nn.Module, held_out: HeldOut) -> ModelCard:
    """The card of a network that a recipe trained.

    Parameters
    ----------
    recipe : Recipe
    data : TrainingData
    network : nn.Module
    held_out : HeldOut
        With its last evaluation.
    """
    counts = dict(zip(recipe.scheme.classes, data.counts(len(recipe.scheme)).tolist(), strict=True))
    training = {
        "recipe": recipe.name,
        "crops_per_step": recipe.batch,
        "images": len(data.training),
        "nuclei": sum(len(entry.nuclei) for entry in data.training.entries),
        "nuclei_by_class": counts,
        "validation": [entry.name for entry in data.held_out.entries],
    }
    found = held_out.evaluation
    return ModelCard(
        name=recipe.name,
        architecture=recipe.model,
        classes=recipe.scheme.name,
        own_classes=None if recipe.scheme.name in SCHEMES else recipe.scheme,
        mpp=recipe.mpp,
        description=f"Trained with the recipe {recipe.name}.",
        licence=_licence(data),
        parameters=count_parameters(network),
        options=recipe.options,
        data=data.credits,
        training=training,
        scores={} if found is None else {"validation": report(found)},
    )


def report(found: Evaluation) -> dict[str, Any]:
    """Scores for a card: value and 95 % interval, by metric and, behind a slash, class; to four digits."""
    table = found.table().dropna(subset="value")
    names = table["metric"] + ("/" + table["class"]).where(table["class"] != "", "")
    values = table[["value", "low", "high"]].round(4).to_numpy()
    scores = {
        name: [None if np.isnan(value) else float(value) for value in row]
        for name, row in zip(names, values, strict=True)
    }
    return {"images": len(found.names), "intervals": _INTERVALS} | scores


def _licence(data: TrainingData) -> str:
    """What the data ask for; what of it holds for weights is for the reader to judge."""
    stated = dict.fromkeys(credit["licence"] for credit in data.credits if credit["licence"])
    missing = [credit["name"] for credit in data.credits if not credit["licence"]]
    parts = [f"trained on data under {', '.join(stated)}"] if stated else []
    return "; ".join([*parts, *([f"licence not stated: {', '.join(missing)}"] if missing else [])])
