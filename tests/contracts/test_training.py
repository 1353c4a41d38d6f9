"""What every kind of training must do; a new one is enrolled by being a kind of job and named in `RECIPES`."""

import csv
import json

import numpy as np
import pytest
import torch
from safetensors import safe_open

from napari_nucleus.core import NucleusError, drain
from napari_nucleus.jobs import JobSpec, run_job
from napari_nucleus.jobs.spec import KINDS

LOOP = "batch = 2\nsteps = 3\ncheckpoint_every = 2\nvalidate_every = 2\nwarmup = 0.0\n"
DENSE = (
    LOOP
    + """
classes = "consep"
crop = 64
[[sources]]
folder = "a"
classes = true
validate = ["image_0"]
"""
)
TYPED = '[[sources]]\nfolder = "a"\nscheme = "consep"\nclasses = true\nvalidate = ["image_0"]\n'
STUDENT = 'model = "nucleus_small"\noptions = { decoder = [8, 8, 8] }\n'
RECIPES = {
    "train": STUDENT + DENSE,
    "distill": STUDENT + 'teacher = ["default"]\n' + DENSE,
    "fine_tune": 'part = "heads"\n' + DENSE,
    "relabel": LOOP
    + """
classes = "consep"
encoder = "test_resnet"
shares = [0.5, 0.25, 0.25]
side = 32
context = 4
[[sources]]
name = "a"
folder = "a"
classes = "two"
own_classes = ["other", "inflammatory", "rest"]
fine = ["other", "inflammatory"]
broad = "rest"
[[sources]]
name = "b"
folder = "b"
classes = "others"
own_classes = ["rest", "epithelial", "spindle-shaped"]
fine = ["epithelial", "spindle-shaped"]
broad = "rest"
""",
    "graph": LOOP + 'views = 1\nfused = 8\nhidden = 8\nparts = ["visual", "position"]\n' + TYPED,
    "clip": LOOP + "width = 16\n" + TYPED + '[words]\nepithelial = ["epithelial", "tumour"]\n',
}
PICTURELESS = ("graph", "clip")

every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two folders of images of 96×96 pixels, with nuclei of three classes in each."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (folder / name).mkdir()
        for i in range(6):
            labels = np.kron(np.arange(1, 17).reshape(4, 4), np.pad(np.ones((16, 16), int), 4))
            colours = np.concatenate([[[235, 225, 235]], rng.integers(60, 180, (16, 3))])
            noise = rng.integers(-8, 9, (*labels.shape, 3))
            arrays = {"image": (colours[labels] + noise).astype(np.uint8), "inst": labels.astype(np.int32)}
            types = np.where(labels > 0, 1 + labels % 3, 0).astype(np.uint8)
            np.savez(folder / name / f"image_{i}.npz", type=types, **arrays)
    return folder


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def job(data, tmp_path):
    """Starts a job of a kind, its run in the folder ``runs/<name>``."""

    def start(kind, runs, resume=False):
        recipe = tmp_path / f"{kind}.toml"
        recipe.write_text(f'name = "{kind}"\n{RECIPES[kind]}')
        order = {"recipe": str(recipe), "data": str(data), "runs": str(tmp_path / runs), "device": "cpu"}
        return run_job(JobSpec(kind=kind, resume=resume, publish=False, **order))

    return start


def curves(run):
    """All curves of a run, without the times."""
    found = {}
    for log in sorted(run.rglob("log.csv")):
        with log.open(newline="") as file:
            rows = [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
        found[log.relative_to(run)] = rows
    return found


def weights(run):
    """All weights of a run."""
    return {path.relative_to(run): path.read_bytes() for path in sorted(run.rglob("model.safetensors"))}


def assert_previewed(run):
    previews = sorted(run.rglob("preview.npz"))
    assert previews
    for path in previews:
        with np.load(path, allow_pickle=False) as maps:
            assert maps["image"].dtype == np.uint8
            assert maps["image"].shape[-1] == 3


def assert_usable(run):
    """Weights are finite and have a card; where they were made is on record."""
    for path in run.rglob("model.safetensors"):
        assert path.with_suffix(".json").exists()
        with safe_open(path, "pt") as content:
            assert all(content.get_tensor(name).isfinite().all() for name in content.keys())  # noqa: SIM118
    for path in run.rglob("environment.json"):
        assert json.loads(path.read_text())[0]["packages"]["torch"]


def test_every_kind_is_enrolled():
    assert sorted(RECIPES) == sorted(KINDS)


@every_kind
def test_three_steps_previewed_and_the_same_after_a_stop(kind, job, tmp_path):
    run = drain(job(kind, "whole"))
    folder = tmp_path / "whole" / kind
    assert run.folder == folder
    assert all([row["step"] for row in rows] == ["1", "2", "3"] for rows in curves(folder).values())
    assert curves(folder)
    assert weights(folder)
    if kind in PICTURELESS:
        assert not list(folder.rglob("preview.npz"))
    else:
        assert_previewed(folder)
    assert_usable(folder)
    with pytest.raises(NucleusError, match="Resume it"):
        drain(job(kind, "whole"))

    steps = job(kind, "stopped")
    updates = (progress for progress in steps if "loss" in progress.values)
    next(updates)
    next(updates)
    steps.close()
    drain(job(kind, "stopped", resume=True))
    assert curves(tmp_path / "stopped" / kind) == curves(folder)
    assert weights(tmp_path / "stopped" / kind) == weights(folder)
