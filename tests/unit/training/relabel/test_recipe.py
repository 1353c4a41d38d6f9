from dataclasses import replace
from pathlib import Path

import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.training.recipe import read_recipe
from napari_nucleus.training.relabel import RelabelRecipe

RECIPES = Path(__file__).parents[4] / "recipes"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shares": (0.7, 0.2)}, "three shares"),
        ({"shares": (0.7, 0.2, 0.2)}, "add up to 1"),
        ({"layouts": ("zip",)}, "layouts out of npz, pannuke"),
        ({"threshold": 1.5}, "threshold"),
        ({"split_by": "tissue"}, "split_by to be one of image, nucleus"),
        ({"classes": "consep", "own_classes": ()}, "class of consep .* got 'red'"),
    ],
)
def test_what_can_not_be_is_named(recipe, changes, message):
    with pytest.raises(NucleusError, match=message):
        replace(recipe, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fine": ("red",)}, "at least two fine classes"),
        ({"fine": ("red", "sized")}, "beside the broad one"),
        ({"patient": "("}, "regular expression as patient"),
        ({"name": "sizes"}, "two sources of different names"),
        ({"tile": -1}, "tile at least 0"),
    ],
)
def test_sources_that_can_not_be_are_named(recipe, changes, message):
    with pytest.raises(NucleusError, match=message):
        replace(recipe, sources=(replace(recipe.sources[0], **changes), recipe.sources[1]))


def test_a_broad_class_that_is_kept_is_never_called_like_a_fine_one():
    recipe = read_recipe(RECIPES / "relabel_shvetsov.toml", RelabelRecipe)
    pannuke, monusac = recipe.sources
    assert recipe.kept(pannuke) == "inflammatory"
    assert recipe.kept(monusac) == "epithelial (broad)"
    assert recipe.refined_scheme.classes == (
        "neoplastic",
        "epithelial",
        "lymphocyte",
        "neutrophil",
        "macrophage",
        "dead",
        "connective",
        "inflammatory",
        "epithelial (broad)",
    )


def test_the_papers_numbers_are_in_its_recipe():
    recipe = read_recipe(RECIPES / "relabel_shvetsov.toml", RelabelRecipe)
    assert (recipe.encoder, recipe.dropout, recipe.side, recipe.context) == ("resnet50", 0.5, 64, 15)
    assert (recipe.shares, recipe.balance, recipe.optimizer) == ((0.7, 0.2, 0.1), "once", "adamw")
    assert [(source.fine, source.broad, source.tile) for source in recipe.sources] == [
        (("neoplastic", "epithelial"), "inflammatory", 0),
        (("lymphocyte", "neutrophil", "macrophage"), "epithelial", 256),
    ]
