from pathlib import Path

import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.training.recipe import read_recipe

# The others are read where their kind is tested.
DENSE = ("guan_msanet", "nucleus_small", "shvetsov_teacher", "zhang_hovernet")
RECIPES = [Path(__file__).parents[3] / "recipes" / f"{name}.toml" for name in DENSE]
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
        (('name = "x"', 'name = "x"\nlearning_rat = 1e-3'), "'learning_rat'. Write 'learning_rate'"),
        (('folder = "a"', 'folder = "a"\nvalidat = 0.2'), r"field of sources\[0\], got 'validat'. Write 'validate'"),
        (('name = "x"', 'name = "x"\nbatch = 0'), "batch at least 1, got 0"),
        (('name = "x"', 'name = "x"\nbatch = 2.5'), "batch to be a whole number, got 2.5"),
        (('name = "x"', 'name = "x"\nbatch = true'), "batch to be a whole number, got True"),
        (('name = "x"', 'name = "x"\nlearning_rate = nan'), "learning_rate above 0, got nan"),
        (('name = "x"', 'name = "x"\nfocus = 1.5'), "focus at least 0 and at most 1, got 1.5"),
        (('name = "x"', 'name = "x"\nschedule = "cosin"'), "schedule to be one of .*cosine.*'cosin'"),
        (('name = "x"', 'name = "x"\nsteps = 3\nepochs = 2'), "steps or epochs, got both"),
        (('name = "x"', 'name = "a/b"'), "name to be one that a folder can have"),
        (('name = "x"', 'name = "x"\nmonitor = "val_pp"'), "monitor .*'val_pp'. Write 'val_pq'"),
        (('name = "x"', 'name = "x"\nmonitor = "val_pq"\nvalidate_images = 0'), "validate_images above 0"),
        (('name = "x"', 'name = "x"\nlosses = { np = { dise = 1.0 } }'), "'dise'. Write 'dice'"),
        (('name = "x"', 'name = "x"\nlosses = { nq = { dice = 1.0 } }'), "field of losses, got 'nq'. Write 'np'"),
        (('"consep"', '"konsep"'), "classes to be a scheme.*'konsep'. Write 'consep'"),
        (("[1, 1.0, 1, 1, 1]", "[1, 1]"), r"5 numbers in class_weight \(background and other, .*got 2"),
        (("[1, 1.0, 1, 1, 1]", "[1, -1, 1, 1, 1]"), "numbers from 0 in class_weight"),
        (("[1, 1.0, 1, 1, 1]", '"frequensy"'), "class_weight .*'frequensy'. Write 'frequency'"),
        (('folder = "a"', 'folder = "a"\nshare = 0'), "share above 0, got 0"),
        (
            ('folder = "a"', 'folder = "a"\nvalidate = "a"'),
            "validate to be a list in brackets or a number",
        ),
        (('folder = "a"', 'folder = "a"\nvalidate = 1.0'), "validate from 0 to below 1, got 1.0"),
        (('folder = "a"', 'folder = "a"\nvalidate = 0.6\ntest = 0.5'), "validate and test below 1 together"),
        (('folder = "a"', 'folder = "a"\nscheme = "panuke"'), "scheme .*'panuke'. Write 'pannuke'"),
        (('folder = "a"', 'folder = "a"\ncrosswalk = { a = 1 }'), r"sources\[0\].crosswalk.a to be text"),
        (('[[sources]]\nfolder = "a"', "sources = []"), "at least one of sources"),
    ],
)
def test_mistakes_name_the_field(tmp_path, change, message):
    with pytest.raises(NucleusError, match=message):
        read_recipe(write(tmp_path, SMALL.replace(*change)))


def test_missing_file(tmp_path):
    with pytest.raises(NucleusError, match="no such file"):
        read_recipe(tmp_path / "none.toml")
