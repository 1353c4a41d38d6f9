"""The devices and processes of a run, and the precision that it computes in: Lightning Fabric, set up from a recipe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision, Precision
from lightning_fabric.plugins.environments import LightningEnvironment, TorchElasticEnvironment
from lightning_fabric.strategies import DDPStrategy

from napari_nucleus.core import NucleusError
from napari_nucleus.training.loop_recipe import LoopRecipe


class _InsideForward(MixedPrecision):
    """Half precision inside the network alone: its input stays as fine as it is."""

    def convert_input(self, data: Any) -> Any:
        return data


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
        plugins=[_precision(recipe.precision, kind), cluster],
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
            f"Expected a batch of at least {world}, one sample a process, got {recipe.batch}. Raise batch."
        )


def _precision(name: str, device: torch.device) -> Precision:
    if name == "auto":
        name = _best_precision(device)
    if name == "float32":
        return Precision()
    if device.type != "cuda" and name == "float16":
        raise NucleusError(f"Expected precision bfloat16 or float32 on {device.type}, got float16. Change precision.")
    return _InsideForward("16-mixed" if name == "float16" else "bf16-mixed", device.type)


def _best_precision(device: torch.device) -> str:
    """bfloat16; float16 on GPUs that only imitate it, float32 on Apple's."""
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return "float16"
    return "float32" if device.type == "mps" else "bfloat16"
