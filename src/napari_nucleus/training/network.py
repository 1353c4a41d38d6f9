"""The network that a recipe asks for, with fresh weights."""

from __future__ import annotations

from typing import Any

import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.models.registry import architectures, create_model, is_dense
from napari_nucleus.training.recipe import Recipe
from napari_nucleus.training.recipe_reading import unlike


def dense_network(recipe: Recipe) -> Any:
    """A dense network for a recipe's classes; the same seed gives the same weights.

    Raises
    ------
    NucleusError
        There is no such network or encoder, it can't segment, lacks an option, or doesn't take the recipe's crops.
    """
    if recipe.model not in architectures():
        raise unlike("model to be an architecture", recipe.model, filter(is_dense, architectures()))
    if not is_dense(recipe.model):
        raise NucleusError(f"Expected a network that segments, got {recipe.model}. Choose another, or cross-relabel.")
    torch.manual_seed(recipe.seed)
    network: Any = create_model(recipe.model, classes=recipe.scheme, **recipe.options)
    check_crop(network, recipe)
    return network


def check_crop(network: Any, recipe: Recipe) -> None:
    """Refuse crops of a size that a network doesn't take.

    Raises
    ------
    NucleusError
        Names the next size that it takes.
    """
    multiple = getattr(network, "crop_multiple", network.size_multiple)
    if recipe.crop % multiple:
        above = -(-recipe.crop // multiple) * multiple
        raise NucleusError(
            f"Expected a crop that {recipe.model} takes, a multiple of {multiple} pixels, got {recipe.crop}. "
            f"Set crop = {above}."
        )
