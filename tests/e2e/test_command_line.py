"""The commands as a user types them; in this process, as loading PyTorch anew for each would take minutes."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as Picture

from napari_nucleus.io import read_csv, read_image, read_labels
from napari_nucleus.io.samples import consep_tile


@pytest.fixture(scope="module")
def tile(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "tile.png"
    Picture.fromarray(consep_tile()[0].array[:256, :256]).save(path)
    return path


def test_segment_writes_everything(run, tile, tmp_path):
    done = run("segment", tile, "--out", tmp_path / "out", "--mpp", 0.25, "--maps")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    written = {p.name for p in (tmp_path / "out").iterdir()}
    assert written == {
        "tile.labels.tif",
        "tile.nuclei.csv",
        "tile.geojson",
        "tile.overlay.png",
        "tile.maps.zarr",
    }
    labels, mpp = read_labels(tmp_path / "out" / "tile.labels.tif")
    table = read_csv(tmp_path / "out" / "tile.nuclei.csv")
    features = json.loads((tmp_path / "out" / "tile.geojson").read_text())["features"]
    assert labels.shape == (256, 256)
    assert mpp == pytest.approx(0.25)
    assert sorted(table["label"]) == np.unique(labels)[1:].tolist()
    assert len(features) == len(table) > 10
    assert f"{len(table)} nuclei" in done.stdout
    assert read_image(tmp_path / "out" / "tile.overlay.png").shape[1] >= 256


def test_one_bad_image_does_not_stop_the_others(run, tile, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("not a picture")
    done = run("segment", bad, tile, "--out", tmp_path / "out", "--format", "csv")
    assert done.returncode == 1
    assert "bad.png" in done.stderr
    assert "Traceback" not in done.stderr
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["tile.nuclei.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nothing"], "Expected a model"),
        (["--device", "abacus"], "Expected a device"),
        (["--mpp", "0"], "between 0.01 and 100"),
        (["--format", "docx"], "docx"),
    ],
)
def test_mistakes_are_one_line(run, tile, tmp_path, arguments, message):
    done = run("segment", tile, "--out", tmp_path / "out", *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_images_of_one_name_do_not_overwrite_each_other(run, tile, tmp_path):
    (tmp_path / "tile.jpg").write_bytes(tile.read_bytes())
    done = run("segment", tile, tmp_path / "tile.jpg", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "different names" in done.stderr
    assert not (tmp_path / "out").exists()


def test_usage_errors_exit_with_2(run, tile):
    assert run("segment", tile).returncode == 2
    assert run("no-such-command").returncode == 2


def test_models(run):
    assert "nucleus_small" in run("models", "list").stdout
    assert json.loads(run("models", "info", "default").stdout)["classes"] == "consep"


def test_a_process_of_its_own_says_the_same(tmp_path):
    command = [sys.executable, "-m", "napari_nucleus.cli", "segment", tmp_path / "none.png", "--out", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("napari-nucleus: Expected")
    assert done.stderr.count("\n") == 1
