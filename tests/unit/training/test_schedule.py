from dataclasses import replace

import pytest

from napari_nucleus.training.loop_recipe import LoopRecipe
from napari_nucleus.training.schedule import rate_factor

RECIPE = LoopRecipe(name="x", warmup=0.1, decay=0.4, milestones=(0.6, 0.8), gamma=0.1)


def factors(schedule, positions, **changes):
    recipe = replace(RECIPE, schedule=schedule, **changes)
    return [rate_factor(recipe, position) for position in positions]


def test_trapezoid_rises_stays_and_falls_along_a_cosine():
    assert factors("trapezoid", (0.05, 0.1, 0.35, 0.59, 0.8, 0.9)) == pytest.approx(
        [0.501, 1, 1, 1, 0.5, 0.1464], abs=1e-3
    )
    assert 0 < factors("trapezoid", (0,))[0] < 0.01 > factors("trapezoid", (0.999,))[0]


def test_cosine_falls_from_the_end_of_the_warm_up():
    assert factors("cosine", (0.05, 0.1, 0.55, 0.775)) == pytest.approx([0.501, 1, 0.5, 0.1464], abs=1e-3)


def test_steps_at_the_milestones():
    assert factors("step", (0.05, 0.3, 0.6, 0.79, 0.8)) == pytest.approx([0.501, 1, 0.1, 0.1, 0.01], abs=1e-3)


@pytest.mark.parametrize("schedule", ["trapezoid", "cosine", "step"])
def test_without_warm_up_it_begins_at_the_top(schedule):
    assert factors(schedule, (0,), warmup=0.0) == [1]


@pytest.mark.parametrize("schedule", ["trapezoid", "cosine", "step"])
def test_limits_of_the_shares(schedule):
    for warmup, decay in ((0, 0), (1, 1), (1, 0), (0, 1)):
        assert all(0 <= f <= 1 for f in factors(schedule, (0, 0.3, 0.99), warmup=float(warmup), decay=float(decay)))
