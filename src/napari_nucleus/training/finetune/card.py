"""The card of a model that was fine-tuned."""

from __future__ import annotations

from dataclasses import replace

from napari_nucleus.models.card import ModelCard, named_scheme
from napari_nucleus.training.finetune.data import FineTuneData
from napari_nucleus.training.finetune.recipe import NUCLEI, FineTuneRecipe


def tuned_card(card: ModelCard, start: ModelCard, recipe: FineTuneRecipe, data: FineTuneData) -> ModelCard:
    """A card that says where the model comes from and what it was taught since.

    Parameters
    ----------
    card : ModelCard
        As of any dense training.
    start : ModelCard
    recipe : FineTuneRecipe
    data : FineTuneData
    """
    what = "a classifier of nuclei over it" if recipe.part == NUCLEI else f"{recipe.part} trained"
    names = [credit["name"] for credit in start.data]
    added = [credit for credit in data.new.credits if credit["name"] not in names]
    training = {
        "start": start.name,
        "part": recipe.part,
        "rename": recipe.rename,
        "annotation": "here and there" if recipe.partial else "whole images",
        "rehearsed": [credit["name"] for credit in data.old.credits] if data.old else [],
        **card.training,
        "start_training": start.training,
    }
    return replace(
        card,
        **named_scheme(recipe.scheme),
        description=f"{start.name}, fine-tuned with the recipe {recipe.name}: {what}.",
        licence="; ".join(dict.fromkeys(text for text in (start.licence, card.licence) if text)),
        paper=start.paper,
        thresholds=start.thresholds,
        data=[*start.data, *added],
        training=training,
        scores={f"start: {name}": scores for name, scores in start.scores.items()} | card.scores,
    )
