"""Adam and AdamW as recipes ask for them."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim import Optimizer

from napari_nucleus.core import NucleusError
from napari_nucleus.training.loop_recipe import LoopRecipe

_OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def make_optimizer(network: nn.Module, recipe: LoopRecipe) -> Optimizer:
    """An optimiser of what isn't frozen; norms and biases don't decay.

    Raises
    ------
    NucleusError
        Everything is frozen.
    """
    learning = [weight for weight in network.parameters() if weight.requires_grad]
    if not learning:
        raise NucleusError("Expected a network with something to learn, got one that is frozen. Train more of it.")
    groups = [
        {"params": [w for w in learning if w.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [w for w in learning if w.ndim <= 1], "weight_decay": 0.0},
    ]
    return _OPTIMIZERS[recipe.optimizer]([g for g in groups if g["params"]], lr=recipe.learning_rate)
