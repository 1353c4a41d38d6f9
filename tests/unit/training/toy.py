"""A task that learns in milliseconds; as a script, runs of it that are killed and that are shared by processes."""

import importlib
import os
import signal
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from napari_nucleus.models import ModelCard
from napari_nucleus.training import train
from napari_nucleus.training.loop_recipe import LoopRecipe

RECIPE = LoopRecipe(
    name="toy", steps=24, batch=6, learning_rate=0.01, warmup=0.1, ema=0.9, checkpoint_every=5, validate_every=3
)
PLAIN = replace(RECIPE, batch=5, accumulate=2, steps=4, precision="float32", clip=0.0)


class Toy:
    """Learns the mean of three channels; ``plain`` has no batch statistics, no dropout."""

    monitor = "val_loss"
    rising = ()

    def __init__(self, recipe, *, plain=False, seconds=0.0):
        torch.manual_seed(recipe.seed)
        norm, dropout = (nn.Identity(), nn.Identity()) if plain else (nn.BatchNorm2d(8), nn.Dropout(0.2))
        self.network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), norm, nn.ReLU(), dropout, nn.Conv2d(8, 1, 1))
        self.seconds = seconds
        self._seed = recipe.seed

    def batch(self, step, samples):
        time.sleep(self.seconds)
        draws = [np.random.default_rng([self._seed, step, i]).random((3, 12, 12), np.float32) for i in samples]
        image = torch.from_numpy(np.stack(draws))
        return {"image": image, "target": image.mean(1, keepdim=True)}

    def losses(self, network, batch):
        error = network(batch["image"]) - batch["target"]
        return {"square": error.square().mean(), "plain": error.abs().mean()}

    def validate(self, network):
        losses = self.losses(network, self.batch(10**6, range(3)))
        return {"val_loss": float(sum(losses.values()))}

    def preview(self, network):
        batch = self.batch(10**6, [0])
        return {"image": batch["image"][0].numpy(), "np": network(batch["image"])[0].numpy()}

    def card(self):
        return ModelCard("toy", "nucleus_small", "consep", 0.25)


def run(folder, *, resume=False):
    """A run that takes long enough to be killed."""
    for _ in train(Toy(RECIPE, seconds=0.01), RECIPE, folder, resume=resume):
        pass


def run_shared(folder, rank, port):
    """One of two processes as torchrun starts them; the first leaves the gradients of the first step."""
    ranks = dict.fromkeys(("RANK", "LOCAL_RANK"), rank) | dict.fromkeys(("WORLD_SIZE", "LOCAL_WORLD_SIZE"), 2)
    torchrun = {"MASTER_ADDR": "localhost", "MASTER_PORT": port, "TORCHELASTIC_RUN_ID": "toy", "GROUP_RANK": 0}
    os.environ |= {name: str(value) for name, value in (ranks | torchrun).items()}
    task = Toy(PLAIN, plain=True)
    for progress in train(task, PLAIN, folder):
        if progress.done == 1 and rank == 0:
            torch.save({name: weight.grad for name, weight in task.network.named_parameters()}, folder / "grad.pt")


def rows(folder):
    """Steps in a run's log."""
    path = folder / "log.csv"
    return path.read_bytes().count(b"\n") - 1 if path.exists() else 0


def forked(work, *args, **options):
    """Do something in a process of its own that has all modules already; returns its number."""
    pid = os.fork()
    if pid == 0:
        work(*args, **options)
        os._exit(0)
    return pid


def main(folder):
    """Kill a run three times; then let two processes share another. Both are left in the folder."""
    torch.set_num_threads(1)
    for module in ("napari_nucleus.training.precision", "torch._dynamo"):
        importlib.import_module(module)  # once, in place of once a process
    for moment in (2, 8, 17):
        running = forked(run, folder / "killed", resume=True)
        while rows(folder / "killed") < moment:
            time.sleep(0.001)
        os.kill(running, signal.SIGKILL)
        assert os.waitpid(running, 0)[1] == signal.SIGKILL
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
    both = [forked(run_shared, folder / "shared", rank, port) for rank in range(2)]
    assert [os.waitpid(pid, 0)[1] for pid in both] == [0, 0]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
