import shutil

import cv2
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from napari_nucleus.app.correct import Workbench
from napari_nucleus.cli import app
from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io import read_nuclei, write_results
from napari_nucleus.project import Project


def run(*arguments):
    return CliRunner().invoke(app, ["project", *map(str, arguments)], catch_exceptions=True)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where a project ``p`` was made of an image and its nuclei by commands."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    cv2.imwrite("tile.png", pixels)
    labels = np.zeros((60, 80), np.int32)
    labels[5:15, 5:15], labels[30:42, 40:52] = 4, 9
    nuclei = NucleusMap.from_labels(labels, classes="consep", class_of={4: 1, 9: 2})
    write_results(tmp_path, "tile", nuclei, pixels, ["labels", "csv"])
    assert run("create", "p", "--classes", "consep").exit_code == 0
    done = run("add", "p", "tile.png", "tile.labels.tif")
    assert (done.exit_code, done.stdout) == (0, "tile: 2 nuclei\n")
    return tmp_path


def correct(folder, annotator, label, number):
    with Project.open(folder) as project:
        Workbench.open(project, 1, annotator).set_class(label, number)


def test_a_project_is_exported_as_it_is_and_as_it_was(folder):
    run("snapshot", "p", "before", "--by", "ada")
    correct("p", "ada", 4, 3)

    assert run("export", "p", "--out", "now").stdout == "tile: 2 nuclei\n"
    assert run("export", "p", "--out", "then", "--snapshot", "before").exit_code == 0

    now, then = (read_nuclei(folder / where / "tile.labels.tif", classes="consep") for where in ("now", "then"))
    assert now.table["class"].tolist() == ["epithelial", "inflammatory"]
    assert then.table["class"].tolist() == ["other", "inflammatory"]
    assert run("restore", "p", "before").stdout == "before: 1 corrections\n"


def test_the_journal_is_told_and_replayed(folder):
    correct("p", "ada", 4, 3)

    done = run("journal", "p")
    assert done.stdout.split()[0] == "1"
    assert "ada  tile  set class  4" in done.stdout
    assert run("journal", "p", "--csv", "j.csv").exit_code == 0
    assert pd.read_csv("j.csv")["action"].tolist() == ["set class"]
    assert run("replay", "p").stdout == "tile: 1 corrections explain 2 nuclei\n"
    with Project.open("p") as project, project.writing():
        project.base.execute("UPDATE nucleus SET class = 2")
    found = run("replay", "p").exception
    assert isinstance(found, NucleusError)
    assert "line 1 (set class): nucleus 4" in str(found)


def test_copies_are_merged_and_annotators_compared(folder):
    shutil.copytree("p", "copy")
    correct("p", "ada", 4, 3)
    correct("copy", "bob", 4, 2)
    correct("copy", "bob", 9, 1)
    correct("p", "ada", 9, 1)

    done = run("merge", "p", "copy")

    assert done.stdout.splitlines()[0] == "1 corrections taken over, 1 set aside"
    assert "bob: set class" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 nuclei to adjudicate"
    told = run("agreement", "p").stdout.splitlines()
    assert told[0].startswith("ada, bob: kappa 0.333 over 2 nuclei")
    assert told[1] == "tile, nucleus 4: ada epithelial, bob inflammatory"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "p"), "a new project"),
        (("export", "none", "--out", "o"), "an annotation project"),
        (("export", "p", "--out", "o", "--snapshot", "x"), "a snapshot"),
        (("journal", "p", "--image", "x"), "an image of the project"),
        (("add", "p", "tile.png", "tile.labels.tif", "--source", "x"), "model, relabel, human"),
        (("add", "p", "tile.png", "tile.labels.tif"), "a new image"),
    ],
)
def test_what_cannot_be_done_is_told(folder, arguments, words):
    done = run(*arguments)

    assert isinstance(done.exception, NucleusError)
    assert words in str(done.exception)


def test_a_deleted_image_leaves_its_nuclei(folder):
    (folder / "tile.png").unlink()

    assert run("export", "p", "--out", "o").exit_code == 0
    assert "tile.png" in str(run("export", "p", "--out", "o", "--format", "overlay").exception)
