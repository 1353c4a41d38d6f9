"""Graph classifiers and CLIPs as jobs: the same order here and in the background."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest

from napari_nucleus.core import drain
from napari_nucleus.graph import list_graphs, load_graph, text_encoder
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.jobs import JobSpec, run_job

SOURCE = """
[[sources]]
folder = "tiles"
scheme = "consep"
classes = true
validate = ["tile_1"]
"""
GRAPH = 'name = "own_graph"\nsteps = 2\nbatch = 1\nviews = 1\nfused = 8\nhidden = 8\nparts = ["visual", "position"]\n'
CLIP = 'name = "own_clip"\nsteps = 2\nbatch = 6\nwidth = 16\n[words]\nepithelial = ["epithelial", "tumour"]\n'


@pytest.fixture
def order(tmp_path):
    (tmp_path / "data" / "tiles").mkdir(parents=True)
    image, nuclei = consep_tile()
    for i, x in enumerate((0, 200)):
        part = np.s_[0:200, x : x + 200]
        arrays = {"image": image.array[part], "inst": nuclei.labels[part], "type": nuclei.type_map()[part]}
        np.savez_compressed(tmp_path / "data" / "tiles" / f"tile_{i}.npz", **arrays)

    def make(kind, text):
        recipe = tmp_path / f"{kind}.toml"
        recipe.write_text(text + SOURCE)
        runs = str(tmp_path / "runs")
        return JobSpec(kind=kind, recipe=str(recipe), data=str(tmp_path / "data"), runs=runs, device="cpu", threads=1)

    return make


def last_model(spec):
    said = []
    work = run_job(spec)
    while True:
        try:
            said.append(next(work))
        except StopIteration as end:
            return end.value, said[-1].values["model"]


def test_a_graph_classifier_is_trained_and_found(order):
    _, name = last_model(order("graph", GRAPH))
    assert name == "own_graph"
    assert name in list_graphs()
    assert load_graph(name).fed["model"] == "nucleus_small"


def test_a_clip_is_trained_and_can_be_named(order):
    run, name = last_model(order("clip", CLIP))
    assert run.card.name == "own_clip"
    assert text_encoder(name).encode(["a small nucleus"]).shape == (1, 16)


def test_a_graph_classifier_in_the_background(order, queue):
    job = queue.submit(order("graph", GRAPH))
    end = time.monotonic() + 400
    while job.refresh().state not in ("done", "failed") and time.monotonic() < end:
        time.sleep(0.2)
    assert job.state == "done", job.log()
    assert job.status.model == "own_graph"
    assert json.loads((job.run_folder / "model.json").read_text())["architecture"] == "node_network"


def test_a_paused_graph_job_goes_on(order):
    spec = order("graph", GRAPH.replace("steps = 2", "steps = 6\ncheckpoint_every = 1"))
    work = run_job(spec)
    for progress in work:
        if "loss" in progress.values and progress.done >= 2:
            break
    work.close()
    run = drain(run_job(replace(spec, resume=True)))
    assert run.weights.exists()
