"""Learning rates over a run."""

from __future__ import annotations

import math

from napari_nucleus.training.loop_recipe import LoopRecipe


def rate_factor(recipe: LoopRecipe, position: float) -> float:
    """What the learning rate is multiplied by, in [0, 1].

    Parameters
    ----------
    recipe : LoopRecipe
        Its ``schedule``, ``warmup``, ``decay``, ``milestones`` and ``gamma``.
    position : float
        Share of the run that is done, in [0, 1).
    """
    rise = min(1.0, (position + 1e-4) / recipe.warmup) if recipe.warmup else 1.0
    if recipe.schedule == "step":
        return rise * recipe.gamma ** sum(position >= milestone for milestone in recipe.milestones)
    # A trapezoid's flat middle lets a run end earlier or later.
    fall = recipe.decay if recipe.schedule == "trapezoid" else 1 - recipe.warmup
    left = min(1.0, (1 - position) / fall) if fall else 1.0
    return min(rise, 0.5 - 0.5 * math.cos(math.pi * left))
