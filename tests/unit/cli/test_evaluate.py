import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_nucleus.cli import app
from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io import write_csv, write_labels


def nuclei(shift=0, n=9):
    labels, kinds = np.zeros((2, 100, 100), np.int32)
    for i in range(n):
        y, x = 8 + 30 * (i // 3) + shift, 8 + 30 * (i % 3)
        labels[y : y + 12, x : x + 12], kinds[y : y + 12, x : x + 12] = i + 1, 1 + i % 4
    return NucleusMap.from_labels(labels, classes="consep", type_map=kinds)


@pytest.fixture
def folders(tmp_path):
    """Truth of four images; predictions of three, as `segment` writes them, and worse ones."""
    for side, names, shift in (("consep", "abcd", 0), ("pred", "abc", 1), ("worse", "bc", 3)):
        (tmp_path / side).mkdir()
        for i, name in enumerate(names):
            found = nuclei(shift, 9 - (shift > 0) * i)
            if shift:
                write_labels(tmp_path / side / f"{name}.labels.tif", found)
                write_csv(tmp_path / side / f"{name}.nuclei.csv", found)
            else:
                np.savez(tmp_path / side / name, inst=found.labels, type=found.type_map())
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_scores_on_the_screen(folders):
    done = run(folders / "pred", folders / "consep", "--bootstrap", 50)
    assert done.exit_code == 0, done.output
    for part in ("PQ", "95 % interval", "AJI+", "spindle-shaped", "3 images", "classes of consep"):
        assert part in done.stdout
    assert "No prediction for 1 of 4 annotated images (d)" in done.stderr
    assert "\x1b" not in done.output


def test_identity_scores_1(folders):
    done = run(folders / "consep", folders / "consep", "--json", folders / "a.json", "--bootstrap", 20)
    overall = json.loads((folders / "a.json").read_text())["overall"]
    assert done.exit_code == 0
    for key in ("pq", "aji", "dice", "mpq", "mpq_plus", "f_d", "f_c", "f1", "r2"):
        assert overall[key]["value"] == pytest.approx(1), key


def test_files(folders):
    paths = [folders / f"r.{suffix}" for suffix in ("json", "csv", "html")]
    flags = [part for path in paths for part in (f"--{path.suffix[1:]}", path)]
    done = run(folders / "pred", folders / "consep", *flags, "--bootstrap", 20, "--radius", 6, "--crop", 40)
    assert done.exit_code == 0, done.output
    record = json.loads(paths[0].read_text())
    assert record["settings"]["radius_px"] == 6
    assert record["settings"]["crop_px"] == 40
    assert [image["name"] for image in record["images"]] == ["a", "b", "c"]
    assert paths[1].read_text().startswith("metric,class,tissue,value,low,high\n")
    assert (folders / "r.images.csv").exists()
    assert "<!doctype html>" in paths[2].read_text()
    assert not [path for path in folders.iterdir() if path.name.startswith(".")]


def test_a_comparison_on_the_images_that_both_have(folders):
    done = run(folders / "pred", folders / "consep", "--compare", folders / "worse", "--json", folders / "a.json")
    record = json.loads((folders / "a.json").read_text())
    assert done.exit_code == 0, done.output
    assert [image["name"] for image in record["images"]] == ["b", "c"]
    (pq,) = [row for row in record["comparison"]["scores"] if row["metric"] == "pq"]
    assert pq["difference"] < 0
    assert pq["a"] == record["overall"]["pq"]["value"]
    assert "worse is lower than that of" in done.stdout
    assert "worse: No prediction for 2 of 4 annotated images (a, d)" in done.stderr


def test_a_comparison_with_a_prediction_without_classes(folders):
    np.save(folders / "b.npy", nuclei(3).labels)
    (folders / "plain").mkdir()
    (folders / "b.npy").rename(folders / "plain" / "b.npy")
    done = run(folders / "pred", folders / "consep", "--compare", folders / "plain")
    assert done.exit_code == 0, done.output
    assert "compared whatever the class" in done.stderr
    assert "spindle-shaped" in done.stdout


def test_without_intervals(folders):
    done = run(folders / "pred", folders / "consep", "--bootstrap", 0)
    assert done.exit_code == 0
    assert "95 %" not in done.stdout
    assert "(0." not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none", "consep"], "nothing of that name"),
        (["pred", "none"], "nothing of that name"),
        (["pred", "consep", "--classes", "colours"], "Expected a class scheme"),
        (["pred", "consep", "--mpp", "0"], "between 0.01 and 100"),
        (["pred", "consep", "--radius", "0"], "radius above 0"),
        (["pred", "consep", "--json", "none/a.json"], "none/a.json"),
        (["pred", "consep", "--html", "pred"], "can be written"),
        (["pred", "consep", "--compare", "none"], "nothing of that name"),
    ],
)
def test_mistakes(folders, monkeypatch, arguments, message):
    monkeypatch.chdir(folders)
    done = run(*arguments)
    assert done.exit_code == 1
    assert isinstance(done.exception, NucleusError)
    assert message in str(done.exception)
    assert done.stdout == ""


def test_a_broken_file_stops_before_anything_is_written(folders):
    (folders / "pred" / "c.labels.tif").write_bytes(b"II*\0 cut")
    done = run(folders / "pred", folders / "consep", "--json", folders / "a.json")
    assert done.exit_code == 1
    assert "c.labels.tif" in str(done.exception)
    assert not (folders / "a.json").exists()


def test_help_loads_nothing_heavy():
    program = (
        "import sys; from napari_nucleus.cli import app; app(['evaluate', '--help'], standalone_mode=False); "
        "sys.exit(sorted({'torch', 'pandas', 'numpy', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "--compare" in done.stdout
