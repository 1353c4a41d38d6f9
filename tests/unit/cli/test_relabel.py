import numpy as np
import pytest
from typer.testing import CliRunner

from napari_nucleus.cli import app
from napari_nucleus.core import NucleusError

RECIPE = """
name = "tiny"
classes = "mine"
own_classes = ["a", "b", "c", "d"]
encoder = "test_resnet"
split_by = "nucleus"
steps = 1
batch = 4
side = 32
context = 2
layouts = ["pannuke"]
[[sources]]
name = "first"
folder = "first"
fine = ["a", "b"]
broad = "c or d"
classes = "first"
own_classes = ["a", "b", "c or d"]
[[sources]]
name = "second"
folder = "second"
fine = ["c", "d"]
broad = "a or b"
classes = "second"
own_classes = ["c", "d", "a or b"]
"""


def command(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        inst = np.zeros((128, 128), np.int32)
        for label, (y, x) in enumerate(np.ndindex(6, 6), 1):
            inst[20 * y + 4 : 20 * y + 12, 20 * x + 4 : 20 * x + 12] = label
        kinds = np.where(inst > 0, inst % 3 + 1, 0).astype(np.uint8)
        image = rng.integers(0, 255, (128, 128, 3), np.uint8)
        np.savez(tmp_path / folder / "tile.npz", image=image, inst=inst, type=kinds)
    return tmp_path


def test_relabel_prints_both_classifiers_and_what_became_of_the_nuclei(data, tmp_path):
    (tmp_path / "recipe.toml").write_text(RECIPE)
    done = command("relabel", tmp_path / "recipe.toml", "--data", data, "--runs", tmp_path / "runs", "--device", "cpu")
    assert done.exit_code == 0, done.output
    assert "as they occur" in done.output
    assert "c or d" in done.output or "relabelled" in done.output
    assert (tmp_path / "runs/tiny/refined_pannuke/masks.npy").exists()
    again = command("relabel", tmp_path / "recipe.toml", "--data", data, "--runs", tmp_path / "runs")
    assert isinstance(again.exception, NucleusError)
    assert "Resume" in str(again.exception)


def test_tiles_are_cut_and_counted(data, tmp_path):
    done = command("tiles", data / "first", "--out", tmp_path / "tiles", "--side", 64, "--least", 32)
    assert done.exit_code == 0, done.output
    assert "4 tiles of 64 pixels from 1 images" in done.output
    assert len(list((tmp_path / "tiles").glob("*.npz"))) == 4
