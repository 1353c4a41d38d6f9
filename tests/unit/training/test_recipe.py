from pathlib import Path

import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.training.recipe import read_recipe

RECIPES = [
    path
    for path in sorted((Path(__file__).parents[3] / "recipes").glob("*.toml"))
    if path.stem.split("_")[0] not in ("distil", "relabel", "fine")
]
SMALL = """
name = "x"
model = "nucleus_small"
classes = "consep"
class_weight = [1, 1.0, 1, 1, 1]
[[sources]]
folder = "a"
"""


def write(tmp_path, text):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_our_recipes_read(path):
    assert read_recipe(path).name == path.stem


def test_values_and_defaults(tmp_path):
    recipe = read_recipe(write(tmp_path, SMALL))
    assert recipe.sources[0].folder == "a"
    assert recipe.class_weight == (1.0,) * 5
    assert recipe.mpp == 0.25


def test_options_of_the_network(tmp_path):
    recipe = read_recipe(write(tmp_path, SMALL + '[options]\nencoder = "resnet10t"\nwidths = [16, 8]\n'))
    assert recipe.options == {"encoder": "resnet10t", "widths": [16, 8]}
    assert read_recipe(write(tmp_path, SMALL)).options == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("classes =", "clases ="), "'clases'"),
        (('model = "nucleus_small"\n', ""), "the field model"),
        (('name = "x"', "name = 3"), "name"),
        (("[1, 1.0, 1, 1, 1]", "1"), "class_weight"),
        (('folder = "a"', 'folder = "a"\nshare = "much"'), "share"),
        (('name = "x"', 'name = "x'), "TOML"),
        (('name = "x"', 'name = "x"\noptions = "resnet18"'), "options to be a table"),
    ],
)
def test_mistakes_name_the_field(tmp_path, change, message):
    with pytest.raises(NucleusError, match=message):
        read_recipe(write(tmp_path, SMALL.replace(*change)))


def test_missing_file(tmp_path):
    with pytest.raises(NucleusError, match="no such file"):
        read_recipe(tmp_path / "none.toml")
