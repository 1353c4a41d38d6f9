"""What a dense network learns: crops of annotated images, the objective, scores on images that are held out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_nucleus.core import drain
from napari_nucleus.models.card import ModelCard
from napari_nucleus.training.augment import NO_AUGMENTATION
from napari_nucleus.training.data import CropSampler, TrainingData, open_data
from napari_nucleus.training.dense_card import dense_card
from napari_nucleus.training.held_out import HeldOut
from napari_nucleus.training.losses import pixel_class_weights
from napari_nucleus.training.network import dense_network
from napari_nucleus.training.objective import Targets, objective
from napari_nucleus.training.recipe import FREQUENCY, SCORES, Recipe
from napari_nucleus.training.task import Batch

# Batches of held-out crops whose loss is measured at each validation.
_VALIDATION_BATCHES = 16


class DenseTask:
    """A dense network learns nuclei and their classes.

    Attributes
    ----------
    network : nn.Module
    recipe : Recipe
    data : TrainingData
    monitor : str
    rising : tuple of str

    Parameters
    ----------
    recipe : Recipe
    data : path or TrainingData
        The folder that holds the recipe's sources, or what `open_data` made of it.
    network : nn.Module, optional
        To go on with; by default a new one, as the recipe says.

    Raises
    ------
    NucleusError
        The recipe doesn't fit its network, or its data can't be used.
    """

    rising: tuple[str, ...] = SCORES

    def __init__(self, recipe: Recipe, data: str | Path | TrainingData, network: nn.Module | None = None) -> None:
        self.recipe = recipe
        self.network: Any = dense_network(recipe) if network is None else network
        self.targets = _targets(self.network)
        self.data = data if isinstance(data, TrainingData) else drain(open_data(recipe, data, self.targets))
        self.crops = CropSampler(self.data.training, recipe)
        self.held_out = HeldOut(self.data.held_out, recipe)
        self._fixed = CropSampler(self.data.held_out, recipe, NO_AUGMENTATION) if len(self.data.held_out) else None
        self._class_weight = self._weights(recipe.class_weight)
        self._focal_weight = self._weights(recipe.focal_weight or recipe.class_weight)

    @property
    def monitor(self) -> str:
        """The score that chooses the best weights."""
        return self.recipe.monitor

    @property
    def epoch(self) -> int:
        """Crops that make an epoch."""
        return self.data.epoch(self.recipe.crop)

    def batch(self, step: int, samples: Sequence[int]) -> Batch:
        """Crops of a step; see `CropSampler.batch`."""
        return self.crops.batch(step, samples)

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The parts of the objective for a batch on the network's device."""
        return self.parts(self.answer(network, batch), batch)

    def answer(self, network: nn.Module, batch: Batch) -> Any:
        """What a network says to a batch's images."""
        return network(batch["image"].contiguous(memory_format=torch.channels_last))

    def parts(self, output: Any, batch: Batch) -> dict[str, Tensor]:
        """The parts of the objective for a network's answer."""
        targets = Targets(
            nucleus=batch["nucleus"].float(),
            types=batch["types"].long(),
            typed=batch["typed"],
            **{name: batch[name] for name in self.targets},
        )
        weights = (weight.to(targets.nucleus.device) for weight in (self._class_weight, self._focal_weight))
        class_weight, focal_weight = weights
        return objective(output, targets, class_weight, self.recipe.losses, focal_weight)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean losses over fixed held-out crops, as ``val_loss`` and ``val_<part>``, and the scores of `HeldOut`."""
        if self._fixed is None:
            return {}
        return self._validation_losses(network, self._fixed) | self.held_out.scores(network)

    def preview(self, network: nn.Module) -> dict[str, NDArray]:
        """See `HeldOut.preview`."""
        return self.held_out.preview(network)

    def card(self) -> ModelCard:
        """The model's card: recipe, data with licences and citations, validation images and their last scores."""
        return dense_card(self.recipe, self.data, self.network, self.held_out)

    def _validation_losses(self, network: nn.Module, crops: CropSampler) -> dict[str, float]:
        device = next(network.parameters()).device
        sums: dict[str, float] = {}
        for step in range(_VALIDATION_BATCHES):
            batch = {k: field.to(device) for k, field in crops.batch(step, range(self.recipe.batch)).items()}
            for name, loss in self.losses(network, batch).items():
                sums[name] = sums.get(name, 0.0) + loss.item() / _VALIDATION_BATCHES
        return {"val_loss": sum(sums.values()), **{f"val_{name}": loss for name, loss in sums.items()}}

    def _weights(self, wanted: tuple[float, ...] | str) -> Tensor:
        n_classes = len(self.recipe.scheme)
        if wanted == FREQUENCY:
            return pixel_class_weights(torch.from_numpy(self.data.counts(n_classes)))
        return torch.tensor(wanted or (1.0,) * (1 + n_classes))


def _targets(network: Any) -> tuple[str, ...]:
    """Names of the dense targets that a network is taught."""
    return tuple(network.targets)
