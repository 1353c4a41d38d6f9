"""Ten kills: a run that is killed at random and resumed ends with the weights of one that nothing disturbed.

``nucleus_small`` learns the bundled tile on the command line. Once it is left alone; once it is ended with SIGKILL ten
times, somewhere in each tenth of the run, and resumed with ``--resume``. Weights, averaged weights, state of the
optimiser and curve are compared bit for bit.

    python benchmarks/resume.py [--kills 10] [--steps 60] [--threads 1]
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from napari_nucleus.io.samples import consep_tile

RECIPE = """
name = "{name}"
model = "nucleus_small"
classes = "consep"
class_weight = [1, 1, 1, 1, 1]
steps = {steps}
batch = 2
crop = 64
checkpoint_every = 7
validate_every = 10

[[sources]]
folder = "tile"
classes = true
validate = ["right"]
"""


def make_data(folder: Path) -> None:
    """Two crops of the bundled tile."""
    image, nuclei = consep_tile()
    (folder / "tile").mkdir()
    for name, where in (("left", np.s_[:256, :256]), ("right", np.s_[:128, 512:640])):
        arrays = {"image": image.array[where], "inst": nuclei.labels[where], "type": nuclei.type_map()[where]}
        np.savez_compressed(folder / "tile" / f"{name}.npz", **arrays)


def start(folder: Path, name: str, steps: int, threads: int, *, resume: bool) -> subprocess.Popen:
    recipe = folder / f"{name}.toml"
    recipe.write_text(RECIPE.format(name=name, steps=steps))
    words = ["train", recipe, "--data", folder, "--runs", folder, "--device", "cpu", "--threads", threads]
    command = [sys.executable, "-m", "napari_nucleus.cli", *map(str, words), *(["--resume"] if resume else [])]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": str(threads)})


def rows(run: Path) -> list[dict[str, str]]:
    """The curve without its times."""
    path = run / "log.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def same(a: object, b: object) -> bool:
    """Whether two nested states are equal bit for bit."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else a == b


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=10)
    options.add_argument("--steps", type=int, default=60)
    options.add_argument("--threads", type=int, default=1)
    given = options.parse_args()
    with TemporaryDirectory() as place:
        folder = Path(place)
        make_data(folder)
        assert start(folder, "whole", given.steps, given.threads, resume=False).wait() == 0
        # Evenly over the run, each somewhere in its share.
        share = given.steps / given.kills
        for kill in range(given.kills):
            moment = max(1, int((kill + random.random()) * share))
            job = start(folder, "killed", given.steps, given.threads, resume=True)
            while job.poll() is None and len(rows(folder / "killed")) < moment:
                time.sleep(0.02)
            time.sleep(random.random() * 0.2)  # anywhere in a step, or in the writing of a checkpoint
            job.send_signal(signal.SIGKILL)
            job.wait()
            print(f"kill {kill + 1}: after step {len(rows(folder / 'killed'))}", flush=True)
        assert start(folder, "killed", given.steps, given.threads, resume=True).wait() == 0
        whole, killed = folder / "whole", folder / "killed"
        states = [torch.load(run / "last.pt", weights_only=True) for run in (whole, killed)]
        print("state identical:", same(*states))
        print("curve identical:", rows(whole) == rows(killed))
        weights = [(run / "model.safetensors").read_bytes() for run in (whole, killed)]
        print("best weights identical:", weights[0] == weights[1])


if __name__ == "__main__":
    main()
