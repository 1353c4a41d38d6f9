"""From annotated images to a model that segments, by commands alone."""

import numpy as np
import pytest
from PIL import Image as Picture

from napari_nucleus.io import read_csv, read_labels
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import find_model

RECIPE = """
name = "mine"
model = "{model}"
classes = "consep"
class_weight = [1, 1, 1, 1, 1]
steps = 2
batch = 1
crop = 64
[options]
{options}
[[sources]]
folder = "mine"
classes = true
"""
HOVER = ("hovernet_seresnext50", 'encoder = "resnet10t"\nwidths = [16, 8]')
FLOWS = ("mobilevit_unet", 'encoder = "mobilevitv2_050"\nwidths = [16, 16, 8, 8, 8]')


@pytest.fixture
def data(tmp_path):
    """A data folder with one source of one image, and a recipe's place beside it."""
    image, nuclei = consep_tile()
    window = np.s_[:128, :128]
    (tmp_path / "data" / "mine").mkdir(parents=True)
    np.savez(
        tmp_path / "data" / "mine" / "tile.npz",
        image=image.array[window],
        inst=nuclei.labels[window],
        type=nuclei.type_map()[window],
    )
    return tmp_path / "data"


@pytest.mark.parametrize(("model", "options"), [HOVER, FLOWS], ids=["hover", "flows"])
def test_train_import_segment(run, data, tmp_path, monkeypatch, model, options):
    monkeypatch.setenv("NAPARI_NUCLEUS_MODELS", str(tmp_path / "models"))
    recipe, image = tmp_path / "mine.toml", tmp_path / "tile.png"
    recipe.write_text(RECIPE.format(model=model, options=options))
    trained = run("train", recipe, "--data", data, "--runs", tmp_path / "runs", "--device", "cpu")
    assert trained.returncode == 0, trained.stderr
    assert "training 2/2" in trained.stdout

    imported = run("models", "import", tmp_path / "runs" / "mine")
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout.startswith("mine")
    card = find_model("mine").card
    assert card.architecture == model
    assert card.options["encoder"] in options

    Picture.fromarray(np.load(data / "mine" / "tile.npz")["image"]).save(image)
    done = run("segment", image, "--out", tmp_path / "out", "--model", "mine", "--mpp", 0.25, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert read_labels(tmp_path / "out" / "tile.labels.tif")[0].shape == (128, 128)
    assert "p_epithelial" in read_csv(tmp_path / "out" / "tile.nuclei.csv")


def test_a_recipe_that_does_not_fit_is_one_line(run, data, tmp_path):
    recipe = tmp_path / "mine.toml"
    recipe.write_text(RECIPE.format(model="mobilevit_unet", options="widths = [16]").replace("crop = 64", "crop = 96"))
    done = run("train", recipe, "--data", data, "--runs", tmp_path / "runs", "--device", "cpu")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
