from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file
from skimage.draw import disk, ellipse

from napari_nucleus.core import NucleusError
from napari_nucleus.graph import text_encoder
from napari_nucleus.training import publish
from napari_nucleus.training.clip import ClipRecipe, ClipSource, train_clip
from napari_nucleus.training.clip.windows import read_windows
from napari_nucleus.training.recipe import read_recipe

RECIPE = ClipRecipe(
    name="tiny",
    sources=(ClipSource(folder="typed", scheme="consep", classes=True, validate=("b",)), ClipSource(folder="plain")),
    words={"epithelial": ("epithelial", "tumour")},
    left_out=(("large", "round", "dark"),),
    width=16,
    steps=3,
    batch=6,
    checkpoint_every=1,
    validate_every=3,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Images of six nuclei: round or elongated, dark or pale; with classes in one of two folders."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for place, names in (("typed", "ab"), ("plain", "c")):
        (folder / place).mkdir()
        for name in names:
            image = np.full((120, 120, 3), 235, np.uint8)
            labels, kinds = np.zeros((2, 120, 120), np.int32)
            for i, (y, x) in enumerate((y, x) for y in (25, 60, 95) for x in (30, 85)):
                shape = disk((y, x), 12) if i % 2 else ellipse(y, x, 5, 14)
                labels[shape], kinds[shape] = i + 1, 1 + i % 4
                image[shape] = (70, 40, 120) if i < 4 else (180, 160, 210)
            image = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
            extra = {"type": kinds.astype(np.uint8)} if place == "typed" else {}
            np.savez(folder / place / f"{name}.npz", image=image, inst=labels, **extra)
    return folder


def finished(work):
    rows = []
    while True:
        try:
            rows.append(next(work))
        except StopIteration as end:
            return end.value, rows


def test_a_run_ends_with_a_clip_that_can_be_chosen_by_name(data, tmp_path):
    run, rows = finished(train_clip(RECIPE, data, tmp_path))
    scores = rows[-1].values
    assert {"val_map", "val_classes", "val_words", "val_left_out"} <= set(scores)
    assert run.card.architecture == "nucleus_clip"
    assert run.card.training["left_out"] == ["large round dark"]
    assert run.card.data[0]["images"] == "1 to train on, 1 held out"
    assert text_encoder(publish(run)).width == 16


def test_a_run_that_was_stopped_ends_as_one_that_was_not(data, tmp_path):
    whole, _ = finished(train_clip(RECIPE, data, tmp_path / "whole"))
    work = train_clip(RECIPE, data, tmp_path / "parts")
    while "loss" not in next(work).values:
        pass
    work.close()
    resumed, _ = finished(train_clip(RECIPE, data, tmp_path / "parts", resume=True))
    one, other = (load_file(run.weights) for run in (whole, resumed))
    assert all((one[name] == other[name]).all() for name in one)


def test_what_is_left_out_and_held_out_does_not_train(data):
    windows, _ = finished(read_windows(RECIPE, data))
    assert windows.classes == ("other", "inflammatory", "epithelial", "spindle-shaped")
    assert windows.held_out.sum() == 6
    assert 0 < windows.left_out.sum() < len(windows.known) - 6
    assert (windows.known[12:, -1] == -1).all()


def test_classes_can_be_called_as_in_another_data_set(data):
    names = {"other": "unknown", "inflammatory": "immune", "epithelial": "tumour", "spindle-shaped": "stroma"}
    source = replace(RECIPE.sources[0], names=names)
    windows, _ = finished(read_windows(replace(RECIPE, sources=(source,)), data))
    assert windows.classes == ("immune", "tumour", "stroma")
    assert (windows.known[:, -1] == -1).sum() == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"left_out": (("tiny",),)}, "Expected left_out of words .small"),
        ({"sources": ()}, "at least one of sources"),
        ({"devices": 2}, "Expected one device"),
    ],
)
def test_recipes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(NucleusError, match=message):
        replace(RECIPE, **change)


def test_images_that_are_not_there_are_refused(data):
    with pytest.raises(NucleusError, match="Expected images called x"):
        next(train_clip(replace(RECIPE, sources=(ClipSource(folder="plain", include="x"),)), data))


def test_the_shipped_recipe_reads():
    recipe = read_recipe(Path(__file__).parents[4] / "recipes" / "nucleus_clip.toml", ClipRecipe)
    assert recipe.name == "nucleus_clip"
    assert not any(source.include.startswith("test") for source in recipe.sources)
