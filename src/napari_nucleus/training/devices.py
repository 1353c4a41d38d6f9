"""The devices and processes of a run: Lightning Fabric, set up from a recipe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.training.loop_recipe import LoopRecipe

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@contextmanager
def devices_of(recipe: LoopRecipe, device: str) -> Iterator[Fabric]:
    """What a run computes on: one device, or one in each of the processes that ``torchrun`` has started.

    Parameters
    ----------
    recipe : LoopRecipe
        Its ``precision``, ``devices``, ``hosts`` and ``batch``.
    device : str
        Of torch; a number behind it counts in a single process alone.

    Raises
    ------
    NucleusError
        There are other processes than the recipe asks for, too many for its batch, or the device can't compute so.
    """
    from lightning_fabric import Fabric  # takes seconds
    from lightning_fabric.plugins.environments import LightningEnvironment, TorchElasticEnvironment
    from lightning_fabric.strategies import DDPStrategy

    from napari_nucleus.training.precision import precision_of

    by_torchrun = TorchElasticEnvironment.detect()
    world = int(os.environ["WORLD_SIZE"]) if by_torchrun else 1
    here = int(os.environ["LOCAL_WORLD_SIZE"]) if by_torchrun else 1
    _check(recipe, world)
    kind = torch.device(device)
    single: int | list[int] = 1 if kind.type == "cpu" else [kind.index or 0]
    cluster = TorchElasticEnvironment() if world > 1 else LightningEnvironment()
    fabric = Fabric(
        accelerator=kind.type,
        devices=here if world > 1 else single,
        num_nodes=world // here,
        # Not every sample shows what every part of a network learns from.
        strategy=DDPStrategy(find_unused_parameters=True) if world > 1 else "auto",
        plugins=[precision_of(recipe.precision, kind), cluster],
    )
    fabric.launch()
    yield fabric
    if world > 1:
        torch.distributed.destroy_process_group()


def _check(recipe: LoopRecipe, world: int) -> None:
    wanted = recipe.devices * recipe.hosts
    if wanted not in (1, world):
        raise NucleusError(
            f"Expected {wanted} processes for devices = {recipe.devices} and hosts = {recipe.hosts}, got {world}. Run: "
            f"torchrun --nnodes {recipe.hosts} --nproc-per-node {recipe.devices} -m napari_nucleus.cli train …"
        )
    if recipe.batch < world:
        raise NucleusError(
            f"Expected a batch of at least {world}, a sample a process, got {recipe.batch}. Raise batch."
        )
