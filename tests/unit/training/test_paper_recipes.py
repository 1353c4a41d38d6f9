"""The papers' recipes: their numbers, and that each runs on a small data set in the layout that it names."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from napari_nucleus.core import drain
from napari_nucleus.training.data import open_data
from napari_nucleus.training.dense_task import DenseTask
from napari_nucleus.training.distill import DistillRecipe
from napari_nucleus.training.recipe import FREQUENCY, Recipe, read_recipe

RECIPES = Path(__file__).parents[3] / "recipes"
INST = np.zeros((64, 64), np.int32)
for _i in range(4):
    INST[8 + 12 * _i : 16 + 12 * _i, 8 + 12 * _i : 18 + 12 * _i] = 1 + _i


def read(name):
    return read_recipe(RECIPES / f"{name}.toml", DistillRecipe if name == "shvetsov_student" else Recipe)


def pixels(i=0):
    return np.random.default_rng(i).integers(0, 256, (64, 64, 3)).astype(np.uint8)


@pytest.fixture
def data(tmp_path):
    """CoNIC, a refined data set and a folder of images and labels, each of ten images."""
    (tmp_path / "conic").mkdir()
    np.save(tmp_path / "conic" / "images.npy", np.stack([pixels(i) for i in range(10)]))
    np.save(tmp_path / "conic" / "labels.npy", np.stack([np.stack([INST, INST], -1)] * 10))
    names = [f"{'glas' if i < 3 else 'crag'}_{i}-0000" for i in range(10)]
    (tmp_path / "conic" / "patch_info.csv").write_text("patch_info\n" + "\n".join(names))
    (tmp_path / "refined").mkdir()
    for i in range(10):
        name = f"pannuke_fold1_{i:04}" if i < 5 else f"monusac_TCGA-AA-000{i % 2}-01Z_{i}"
        np.savez(tmp_path / "refined" / f"{name}.npz", image=pixels(i), inst=INST, type=INST)
    for part in ("images", "labels"):
        (tmp_path / "tcga_blca" / part).mkdir(parents=True)
    for i in range(10):
        Picture.fromarray(pixels(i)).save(tmp_path / "tcga_blca" / "images" / f"{i}.png")
        types = np.where(INST == 4, 3, INST)
        np.savez(tmp_path / "tcga_blca" / "labels" / f"{i}.npz", inst=INST, type=types)
    return tmp_path


def test_zhang():
    """§4.2 and §5.4."""
    recipe = read("zhang_hovernet")
    assert (recipe.epochs, recipe.batch, recipe.optimizer, recipe.learning_rate) == (50, 16, "adam", 3e-4)
    assert (recipe.schedule, recipe.milestones, recipe.gamma) == ("step", (0.6, 0.8), 0.1)
    assert (recipe.brightness, recipe.contrast, recipe.saturation, recipe.hue) == (0.2, 0.25, 0.2, 0.5)
    assert (recipe.flip, recipe.quarter_turn, recipe.blur_limit) == (0.5, 0.5, 3)
    losses = recipe.losses
    assert losses.np == {"cross_entropy": 2, "dice": 2}
    assert (losses.hv, losses.type) == ({"mse": 2, "msge": 2}, {"cross_entropy": 3, "dice": 1})
    assert (recipe.crop, recipe.classes, recipe.patience > 0) == (256, "lizard", True)


@pytest.mark.parametrize("name", ["shvetsov_teacher", "shvetsov_student"])
def test_shvetsov(name):
    """§3 and §4."""
    recipe = read(name)
    assert (recipe.optimizer, recipe.schedule, recipe.classes) == ("adamw", "cosine", "refined7")
    assert recipe.focal_weight == FREQUENCY
    assert recipe.class_weight == ()
    assert set(recipe.losses.type) == {"smoothed_cross_entropy", "focal", "decoupling"}
    assert (recipe.sources[0].validate, recipe.sources[0].test) == (0.2, 0.1)
    if name == "shvetsov_student":
        assert (recipe.temperature, recipe.alpha, recipe.beta) == (14, 0.3, 0.7)
        assert recipe.teacher == ("shvetsov_teacher",)


def test_guan():
    """ "Implementation details", eq. 9 and table 10."""
    recipe = read("guan_msanet")
    assert (recipe.epochs, recipe.batch, recipe.optimizer) == (100, 64, "adamw")
    assert (recipe.learning_rate, recipe.weight_decay, recipe.schedule, recipe.warmup) == (1e-4, 0.01, "cosine", 0.05)
    assert (recipe.brightness, recipe.contrast, recipe.saturation, recipe.scale) == (0.2, 0.2, 0.2, 1.2)
    assert (recipe.losses.type, recipe.losses.focal_gamma, recipe.losses.teacher) == ({"focal": 1}, 2, {"features": 1})
    assert (recipe.sources[0].validate, recipe.sources[0].test, recipe.crop) == (0.2, 0.2, 270)


@pytest.mark.parametrize(
    ("name", "training", "held_out"),
    [("zhang_hovernet", 7, 3), ("shvetsov_teacher", 7, 2), ("shvetsov_student", 7, 2), ("guan_msanet", 6, 2)],
)
def test_the_data_it_names_open_and_are_split(data, name, training, held_out):
    found = drain(open_data(read(name), data))
    assert abs(len(found.training) - training) <= 1
    assert abs(len(found.held_out) - held_out) <= 1
    if name.startswith("shvetsov"):
        sides = [{e.name[8:20] for e in s.entries if "TCGA" in e.name} for s in (found.training, found.held_out)]
        assert not sides[0] & sides[1]


TINY = {
    "zhang_hovernet": ("hovernet_seresnext50", {"encoder": "resnet10t", "widths": [16, 8]}, 64),
    "shvetsov_teacher": (
        "unetr_hoptimus0",
        {
            "encoder_options": {"embed_dim": 32, "depth": 4, "num_heads": 2},
            "blocks": [0, 1, 2, 3],
            "widths": [32, 16, 16, 8],
        },
        64,
    ),
    "shvetsov_student": ("mobilevit_unet", {"encoder": "mobilevitv2_050", "widths": [16, 16, 8, 8, 8]}, 64),
    "guan_msanet": (
        "msanet",
        {
            "encoder": "test_vit",
            "clip_options": {
                "embed_dim": 16,
                "vision_cfg": {"image_size": 64, "patch_size": 16, "layers": 4, "width": 32, "head_width": 16},
                "text_cfg": {"layers": 1, "width": 16, "heads": 2},
            },
            "widths": [16, 16, 8, 8],
            "depths": [1, 1, 1, 1],
            "volume_width": 8,
            "features": 16,
        },
        40,
    ),
}


@pytest.mark.parametrize("name", list(TINY))
def test_each_learns_from_what_it_names(data, name):
    model, options, crop = TINY[name]
    recipe = read(name)
    assert recipe.model == model
    task = DenseTask(replace(recipe, options=options, crop=crop, batch=2, accumulate=1), data)
    parts = task.losses(task.network.train(), task.batch(0, range(2)))
    loss = torch.stack(list(parts.values())).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert loss > 0
