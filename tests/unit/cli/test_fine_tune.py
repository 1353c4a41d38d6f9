import numpy as np
import pytest
from typer.testing import CliRunner

from napari_nucleus.cli import app
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import find_model

RECIPE = """
name = "mine"
classes = ["tumour", "immune cell", "stroma"]
colors = ["#112233"]
rename = { epithelial = "tumour", inflammatory = "immune cell", spindle-shaped = "stroma" }
partial = true
[[sources]]
folder = "corrections"
classes = true
scheme = "consep"
crosswalk = { epithelial = "tumour", inflammatory = "immune cell", spindle-shaped = "stroma" }
"""


@pytest.fixture
def data(tmp_path):
    """A folder of one corrected image, and the recipe beside it."""
    image, nuclei = consep_tile()
    window = np.s_[300:412, 200:312]
    (tmp_path / "corrections").mkdir()
    arrays = {"image": image.array[window], "inst": nuclei.labels[window], "type": nuclei.type_map()[window]}
    np.savez(tmp_path / "corrections" / "tile.npz", **arrays)
    (tmp_path / "mine.toml").write_text(RECIPE)
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, ["fine-tune", *map(str, words)])


def test_from_corrections_to_a_model_of_the_list(data):
    done = run(data / "mine.toml", "--data", data, "--runs", data / "runs", "--device", "cpu", "--publish")
    assert done.exit_code == 0, done.output
    assert "kept" in done.stdout
    assert "fc 0." in done.stdout
    assert "published as mine" in done.stdout
    card = find_model("mine").card
    assert card.scheme.classes == ("tumour", "immune cell", "stroma")
    assert card.scheme.colors[0] == "#112233"


def test_a_typing_mistake_is_answered_with_the_right_word(data):
    (data / "mine.toml").write_text(RECIPE.replace("partial", "partiel"))
    done = run(data / "mine.toml", "--data", data, "--runs", data / "runs")
    assert "Write 'partial'?" in str(done.exception)
    assert not (data / "runs").exists()
