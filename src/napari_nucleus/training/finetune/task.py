"""Fine-tuning as the training loop takes it: new images, those to be rehearsed, and what must not be forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from napari_nucleus.models.card import ModelCard
from napari_nucleus.models.parts import train_only
from napari_nucleus.models.surgery import class_sources, with_classes
from napari_nucleus.models.zoo import LoadedModel
from napari_nucleus.training.data import CropSampler
from napari_nucleus.training.dense_task import DenseTask
from napari_nucleus.training.finetune.card import tuned_card
from napari_nucleus.training.finetune.counted import counted_pixels, nucleus_logit, where_counted
from napari_nucleus.training.finetune.data import FineTuneData
from napari_nucleus.training.finetune.recipe import FineTuneRecipe
from napari_nucleus.training.finetune.remember import remembering_loss
from napari_nucleus.training.finetune.score import Scores
from napari_nucleus.training.task import Batch


class FineTuneTask(DenseTask):
    """A trained network learns from a few images, and is held to what it knew.

    Batch norms keep the statistics that they came with: a few crops of one tissue tell them nothing better.

    Attributes
    ----------
    start : nn.Module
        The network as it came, in the new classes, of which those that it doesn't know are never answered; frozen.
    known : list of int
        Channels of the types that the start knows, background among them.
    before : dict of float
        The start's scores on what is held out.

    Parameters
    ----------
    recipe : FineTuneRecipe
        With the start's architecture.
    model : LoadedModel
        The start.
    data : FineTuneData
    """

    recipe: FineTuneRecipe
    monitor = "val_score"
    rising = ("val_score",)

    def __init__(self, recipe: FineTuneRecipe, model: LoadedModel, data: FineTuneData) -> None:
        torch.manual_seed(recipe.seed)
        network = with_classes(model, recipe.scheme, recipe.rename)
        train_only(network, recipe.part)
        super().__init__(recipe, data.new, network)
        self.model, self.both = model, data
        self.start = with_classes(model, recipe.scheme, recipe.rename, silent=True).eval().requires_grad_(False)
        sources = class_sources(model.card.scheme, recipe.scheme, recipe.rename)
        self.known = [0, *(i for i, name in enumerate(recipe.scheme.classes, 1) if sources[name])]
        self._old_crops = None if data.old is None else CropSampler(data.old.training, recipe)
        self._old_samples = 0 if data.old is None else round(recipe.rehearsal_share * recipe.batch)
        self._margin_px = round(recipe.margin_um / recipe.mpp)
        self._scores = Scores(data, recipe, model.card.thresholds)
        self.before: dict[str, float] = {}

    def batch(self, step: int, samples: Sequence[int]) -> Batch:
        """The first samples of each batch are rehearsed; ``new`` (B,) bool says which aren't."""
        drawn = [self._sampler(sample).sample(step, sample) for sample in samples]
        new = torch.tensor([sample >= self._old_samples for sample in samples])
        return {name: torch.stack([crop[name] for crop in drawn]) for name in drawn[0]} | {"new": new}

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The parts of the objective where the annotation counts, and ``kept``, the distance from the start."""
        freeze_statistics(network)
        output, before = self.answer(network, batch), self._answer_before(batch)
        partial = batch["new"] & self.recipe.partial
        doubtful = nucleus_logit(before) > 0
        counted = counted_pixels(batch["nucleus"].bool(), partial, doubtful, self._margin_px)
        parts = self.parts(where_counted(output, batch, counted), batch)
        # Means run over all pixels: where few of them count, they count for more.
        parts = {name: loss / counted.float().mean().clamp_min(0.02) for name, loss in parts.items()}
        if self.recipe.distillation and batch["new"].any():
            weight = self.recipe.distillation * batch["new"].float().mean()
            mine, theirs = (_chosen(maps, batch["new"]) for maps in (output, before))
            parts["kept"] = weight * remembering_loss(mine, theirs, self.known)
        return parts

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Scores on what is held out on both sides, and ``val_score``, which chooses; empty where nothing is."""
        values = self._scores.of(network)
        if not values:
            return {}
        return values | {"val_score": self._scores.score(values, self.before)}

    @torch.no_grad()
    def score_start(self, device: str) -> dict[str, float]:
        """Score the start, to which all later scores are compared."""
        self.start.to(device)
        self.before = self._scores.of(self.start)
        if self.before:
            self.before["val_score"] = self._scores.score(self.before, self.before)
        return self.before

    def holds(self, values: dict[str, float]) -> bool:
        """Whether no score of `validate` fell by more than the tolerance."""
        return values["val_score"] >= self.before["val_score"] - self.recipe.tolerance

    def card(self) -> ModelCard:
        """The start's card with what was learnt since."""
        card = tuned_card(super().card(), self.model.card, self.recipe, self.both)
        return replace(card, training={**card.training, "before": _rounded(self.before)})

    def _sampler(self, sample: int) -> CropSampler:
        old = self._old_crops is not None and sample < self._old_samples
        return self._old_crops if old and self._old_crops is not None else self.crops

    @torch.no_grad()
    def _answer_before(self, batch: Batch) -> Any:
        return self.answer(self.start.to(batch["image"].device), batch)


def freeze_statistics(network: nn.Module) -> None:
    """Let batch norms go on with the statistics that they have; their weights still learn."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def _chosen(output: Any, samples: Tensor) -> Any:
    return type(output)(*(None if maps is None else maps[samples] for maps in output))


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}
