"""One update of a network's weights: gradients of a batch in parts, clipped, and a step of the optimiser."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from napari_nucleus.core import NucleusError
from napari_nucleus.models.memory_format import channels_last
from napari_nucleus.training.loop_recipe import LoopRecipe
from napari_nucleus.training.optimizer import make_optimizer
from napari_nucleus.training.schedule import rate_factor
from napari_nucleus.training.task import Batch, Task

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Updates:
    """Updates of a task's network, on one device or shared with other processes.

    Attributes
    ----------
    network : nn.Module
        The task's, on its device.
    optimizer : Optimizer
    samples : list of int
        Those of each step's batch that this process takes.
    parts : int
        In how many parts they go through the network; doubled when memory runs out.

    Parameters
    ----------
    task : Task
    recipe : LoopRecipe
    fabric : Fabric
    """

    def __init__(self, task: Task, recipe: LoopRecipe, fabric: Fabric) -> None:
        self._task, self._recipe, self._fabric = task, recipe, fabric
        network = channels_last(task.network)
        if fabric.world_size > 1 and fabric.device.type == "cuda":
            network = torch.nn.SyncBatchNorm.convert_sync_batchnorm(network)
        self.network = fabric.to_device(network)
        self.optimizer = make_optimizer(self.network, recipe)
        self._wrapped = fabric.setup_module(self.network, move_to_device=False)
        self._stepper: Any = fabric.setup_optimizers(self.optimizer)
        self.samples = list(range(fabric.global_rank, recipe.batch, fabric.world_size))
        self._most_parts = recipe.batch // fabric.world_size
        self.parts = min(recipe.accumulate, self._most_parts)
        self._scaler = getattr(fabric.strategy.precision, "scaler", None)

    def make_batch(self, step: int) -> Batch:
        """The samples of a step that this process takes."""
        return self._task.batch(step, self.samples)

    def __call__(self, step: int, position: float, batch: Batch) -> dict[str, float]:
        """Update the weights.

        Parameters
        ----------
        step : int
            From 0.
        position : float
            Share of the run that is done.
        batch : dict of Tensor
            Of `make_batch`.

        Returns
        -------
        dict
            ``loss``, its parts, and ``rate``.

        Raises
        ------
        NucleusError
            The loss or its gradient is no number, so that the weights stay as they are; or memory is too small for a
            single sample.
        """
        values = self._backward(step, batch)
        self._check_finite(step, values, self._clip())
        rate = self._recipe.learning_rate * rate_factor(self._recipe, position)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self._stepper.step()
        return {"loss": sum(values.values()), **values, "rate": rate}

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint. Chance needs no place in it: every step begins with a seed of its own."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "precision": self._fabric.strategy.precision.state_dict(),
            "parts": self.parts,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put a checkpoint's state back."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        if state["precision"]:
            self._fabric.strategy.precision.load_state_dict(state["precision"])
        self.parts = min(max(self.parts, state["parts"]), self._most_parts)

    def _backward(self, step: int, batch: Batch) -> dict[str, float]:
        """Gradients of a step, in more parts where memory is too small for as few."""
        while True:
            try:
                losses = self._backward_in_parts(step, batch)
                values: Any = self._fabric.all_reduce(torch.stack(list(losses.values())), reduce_op="sum")
                return dict(zip(losses, values.tolist(), strict=True))
            except RuntimeError as error:
                if not _is_out_of_memory(error):
                    raise
                self._take_more_parts()
            if torch.cuda.is_available():  # here the error has let go of what it held
                torch.cuda.empty_cache()

    def _backward_in_parts(self, step: int, batch: Batch) -> dict[str, Tensor]:
        world = self._fabric.world_size
        torch.manual_seed((self._recipe.seed * 1_000_003 + step) * world + self._fabric.global_rank)
        self._wrapped.train()
        self.optimizer.zero_grad(set_to_none=True)
        losses: dict[str, Tensor] = {}
        parts = np.array_split(np.arange(len(self.samples)), self.parts)
        for i, part in enumerate(parts):
            inputs = self._fabric.to_device({name: field[part[0] : part[-1] + 1] for name, field in batch.items()})
            weight = len(part) / self._recipe.batch
            with self._fabric.no_backward_sync(self._wrapped, enabled=world > 1 and i < len(parts) - 1):
                found = self._task.losses(self._wrapped, inputs)
                # Processes average their gradients, so that each one's share counts for as many as they are.
                self._fabric.backward(torch.stack(list(found.values())).sum() * weight * world)
            losses = {name: losses.get(name, 0) + loss.detach().float() * weight for name, loss in found.items()}
        return losses

    def _take_more_parts(self) -> None:
        """Halve what goes through the network at once."""
        if self._fabric.world_size > 1:
            raise NucleusError(
                f"Expected memory for {len(self.samples)} samples in {self.parts} parts on a device, got too little. "
                f"Set accumulate = {2 * self.parts} and resume."
            )
        if self.parts >= self._most_parts:
            raise NucleusError("Expected memory for one sample, got too little. Train on smaller crops, or elsewhere.")
        self.parts = min(2 * self.parts, self._most_parts)

    def _clip(self) -> float:
        """Cut the gradient to the recipe's norm; returns the norm that it had."""
        most = self._recipe.clip or math.inf
        norm = self._fabric.clip_gradients(self._wrapped, self._stepper, max_norm=most, error_if_nonfinite=False)
        return math.nan if norm is None else norm.item()

    def _check_finite(self, step: int, values: dict[str, float], norm: float) -> None:
        total = sum(values.values())
        # Scaled up too far, a gradient overflows: the scaler then skips the update and scales less.
        tried = self._scaler is not None and self._scaler.get_scale() > 1
        if math.isfinite(total) and (math.isfinite(norm) or tried):
            return
        got = ", ".join(f"{name} = {value:.4g}" for name, value in values.items())
        raise NucleusError(
            f"Expected a finite loss at step {step + 1}, got {got} and a gradient of {norm:.4g} from its batch. Lower "
            "learning_rate and resume: the last good checkpoint is kept."
        )


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Of a GPU, which has an error of its own for most cases, or of the CPU."""
    signs = ("out of memory", "can't allocate memory", "ALLOC_FAILED")
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error) for sign in signs)
