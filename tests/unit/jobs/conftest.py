import os
import time

import numpy as np
import pytest

from napari_nucleus.jobs import JobQueue, JobSpec
from napari_nucleus.jobs.folder import JobFolder
from napari_nucleus.jobs.process import creation, this_host
from napari_nucleus.jobs.record import Record

RECIPE = """
name = "{name}"
model = "nucleus_small"
classes = "nucleus"
class_weight = [1, 1]
steps = {steps}
batch = 1
crop = 64
checkpoint_every = 4
[[sources]]
folder = "squares"
classes = true
mpp = 0.25
"""


@pytest.fixture
def order(tmp_path):
    """Makes the order for a tiny training run on an image of squares."""
    labels = np.zeros((80, 80), np.int32)
    for i in range(16):
        y, x = 6 + 20 * (i // 4), 6 + 20 * (i % 4)
        labels[y : y + 10, x : x + 10] = i + 1
    image = np.where(labels[..., None] > 0, [110, 60, 150], [230, 190, 215]).astype(np.uint8)
    (tmp_path / "data" / "squares").mkdir(parents=True)
    np.savez(tmp_path / "data" / "squares" / "a.npz", image=image, inst=labels, type=(labels > 0).astype(np.uint8))

    def make(name="first", steps=8, **fields):
        recipe = tmp_path / f"{name}.toml"
        recipe.write_text(RECIPE.format(name=name, steps=steps))
        given = {"kind": "train", "recipe": str(recipe), "data": str(tmp_path / "data"), "runs": str(tmp_path / "runs")}
        return JobSpec(**given | {"device": "cpu", "threads": 1, "publish": False} | fields)

    return make


@pytest.fixture
def queue(tmp_path):
    return JobQueue(tmp_path / "jobs")


@pytest.fixture
def now_running():
    """Makes the record of a job whose process is this one."""

    def make(**fields):
        given = {"state": "running", "host": this_host(), "pid": os.getpid(), "created": creation(os.getpid())}
        return Record(**given | {"started": time.time()} | fields)

    return make


@pytest.fixture
def busy(queue, order, now_running, tmp_path):
    """A queue whose only place is taken, by this process, so that nothing else starts."""
    JobFolder(queue.folder / "1").create(order("busy"), "", now_running(run=str(tmp_path / "runs" / "busy")))
    return queue
