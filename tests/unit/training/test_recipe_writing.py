import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_nucleus.training import (
    CellSource,
    DataSource,
    DistillRecipe,
    FineTuneRecipe,
    Recipe,
    RelabelRecipe,
    read_recipe,
)
from napari_nucleus.training.distill import PlainSource
from napari_nucleus.training.losses import Losses
from napari_nucleus.training.recipe_writing import recipe_toml

SOURCE = DataSource("a folder", classes=True, validate=("one", "two"), crosswalk={"tumor": "epithelial"})
RECIPES = [
    Recipe(
        name="a", model="nucleus_small", classes="consep", sources=(SOURCE, DataSource("b", validate=0.25, mpp=0.5))
    ),
    Recipe(
        name="b",
        model="hovernet",
        classes=("round", 'with "quotes" and ü'),
        sources=(SOURCE,),
        options={"mode": "fast"},
        epochs=2.5,
        class_weight="frequency",
        losses=Losses(np={"dice": 1.0}, focal_gamma=3.0),
    ),
    FineTuneRecipe(
        name="c",
        part="heads",
        classes=("tumor", "other"),
        colors=("#112233", "#445566"),
        rename={"epithelial": "tumor"},
        sources=(SOURCE,),
        rehearsal=(DataSource("/elsewhere/consep", classes=True),),
        partial=True,
    ),
    DistillRecipe(
        name="d",
        model="nucleus_small",
        classes="consep",
        teacher=("default", "other"),
        temperature=7,
        sources=(SOURCE,),
        unlabelled=(PlainSource(folder="plain", mpp=0.5),),
    ),
    RelabelRecipe(
        name="e",
        classes="refined",
        own_classes=("x", "y", "z", "w"),
        threshold=0.9,
        sources=(
            CellSource(name="p", folder="p", broad="b", fine=("x", "y"), classes="p", own_classes=("b", "x", "y")),
            CellSource(name="q", folder="q", broad="c", fine=("z", "v"), names={"v": "w"}, mpp=0.5),
        ),
    ),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: type(recipe).__name__ + recipe.name)
def test_what_is_written_is_read_again(recipe, tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_toml(recipe), encoding="utf-8")

    assert read_recipe(path, type(recipe)) == recipe


@given(
    st.integers(1, 10**6), st.floats(1e-8, 10), st.floats(0, 0.999), st.booleans(), st.sampled_from(["adam", "adamw"])
)
@settings(max_examples=40)
def test_numbers_are_read_as_they_were(tmp_path_factory, steps, rate, ema, partial, optimizer):
    recipe = FineTuneRecipe(
        name="n",
        classes="consep",
        sources=(SOURCE,),
        steps=steps,
        learning_rate=rate,
        ema=ema,
        partial=partial,
        optimizer=optimizer,
    )
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    path.write_text(recipe_toml(recipe), encoding="utf-8")

    assert read_recipe(path, FineTuneRecipe) == recipe


def test_only_what_differs_is_written():
    text = recipe_toml(RECIPES[0])

    assert "learning_rate" not in text
    assert 'model = "nucleus_small"' in text
