"""The training loop: a generator that can be stopped at any step and resumed to the same curve."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.models.card import read_card
from napari_nucleus.training.average import Average
from napari_nucleus.training.best import Best
from napari_nucleus.training.checkpoint import read_checkpoint
from napari_nucleus.training.devices import devices_of
from napari_nucleus.training.loop_recipe import DEFAULT_STEPS, LoopRecipe
from napari_nucleus.training.prefetch import batches
from napari_nucleus.training.records import Records
from napari_nucleus.training.run import Run, check_new, training_in
from napari_nucleus.training.task import Task
from napari_nucleus.training.update import Updates

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def train(
    task: Task,
    recipe: LoopRecipe,
    folder: Path,
    *,
    device: str = "cpu",
    steps: int | None = None,
    resume: bool = False,
) -> Generator[Progress, None, Run]:
    """Train a task's network; every ``yield`` is one update.

    Not asking for the next one is a pause. Closing the generator writes a checkpoint of the step that is done and ends.
    Killed at any moment and resumed, a run gives on a CPU the same curve and the same weights, bit for bit.

    Parameters
    ----------
    task : Task
    recipe : LoopRecipe
    folder : Path
        Where the run lands.
    device : str
        Of torch.
    steps : int, optional
        Another number of updates than the recipe's, to end a run earlier or later.
    resume : bool
        Go on from the folder's last checkpoint, if there is one.

    Yields
    ------
    Progress
        ``values`` holds ``loss``, its parts, ``rate``, ``seconds`` and, after a validation, its ``val_…``.

    Raises
    ------
    NucleusError
        The folder holds a run already, or another process trains in it; its checkpoint is of another network; the loss
        is no number; memory or the disk are full. The last checkpoint is kept.
    """
    check_new(folder, resume=resume)
    steps = steps or recipe.steps or DEFAULT_STEPS
    with devices_of(recipe, device) as fabric:
        if not fabric.is_global_zero:
            return (yield from _Training(task, recipe, folder, fabric, resume).run(steps, None))
        with training_in(folder):
            training = _Training(task, recipe, folder, fabric, resume)
            with Records(folder, recipe, str(fabric.device), training.step) as records:
                return (yield from training.run(steps, records))


class _Training:
    """A run between two checkpoints. Of several processes all learn, and the first one validates and has records."""

    def __init__(self, task: Task, recipe: LoopRecipe, folder: Path, fabric: Fabric, resume: bool) -> None:
        self._task, self._recipe, self._folder, self._fabric = task, recipe, folder, fabric
        self._updates = Updates(task, recipe, fabric)
        self._average = Average(self._updates.network, recipe.ema)
        self._best = Best(task.monitor in task.rising, recipe.patience)
        self.step = self._load(folder / "last.pt") if resume else 0

    def run(self, steps: int, records: Records | None) -> Generator[Progress, None, Run]:
        updates, recipe = self._updates, self._recipe
        with closing(batches(updates.make_batch, self.step, steps, recipe.workers)) as made:
            while self.step < steps and not self._best.exhausted:
                start = time.perf_counter()
                values = updates(self.step, self.step / steps, next(made))
                self._average.update(updates.network)
                self.step += 1
                values["seconds"] = time.perf_counter() - start
                if self._due(recipe.validate_every) or self.step == steps:
                    values |= self._validate(records)
                if records:
                    records.row(self.step, values)
                    if self._due(recipe.checkpoint_every) or self.step == steps or self._best.exhausted:
                        self._save(records)
                try:
                    yield Progress(self.step, steps, self._message(), values)
                except GeneratorExit:
                    if records:
                        self._save(records)
                    raise
        self._fabric.barrier()  # the first process has the last file to write
        return Run(self._folder, self._folder / "model.safetensors", read_card(self._folder / "model.json"))

    def _due(self, every: int) -> bool:
        return every > 0 and self.step % every == 0

    def _message(self) -> str:
        if self._best.exhausted:
            return f"stopped early: {self._best.stale} validations without a better {self._task.monitor}"
        parts = self._updates.parts
        if parts > self._recipe.accumulate:
            return f"training; memory ran out, so that a batch goes through the network in {parts} parts"
        return "training"

    @torch.no_grad()
    def _validate(self, records: Records | None) -> dict[str, float]:
        from napari_nucleus.training.precision import InPrecision  # loads Lightning

        values: dict[str, float] = {}
        if records:
            network = InPrecision(self._average.network, self._fabric.strategy.precision)
            values = self._task.validate(network)
            records.preview(self._task.preview(network))
        values = self._fabric.broadcast(values)
        if values and self._best.take(self._monitored(values)) and records:
            self._export(records, values)
        return values

    def _monitored(self, values: dict[str, float]) -> float:
        if self._task.monitor not in values:
            raise NucleusError(
                f"Expected monitor to be one of {', '.join(values)}, got {self._task.monitor}. Change it and resume."
            )
        return values[self._task.monitor]

    def _export(self, records: Records, values: dict[str, float]) -> None:
        card = self._task.card()
        records.model(self._average.network, replace(card, training={**card.training, "step": self.step, **values}))

    def _save(self, records: Records) -> None:
        if self._best.score is None:  # nothing is held out that could choose
            self._export(records, {})
        records.checkpoint(self.step, {name: part.state_dict() for name, part in self._parts().items()})

    def _load(self, path: Path) -> int:
        state = read_checkpoint(path)
        if not state:
            return 0
        try:
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
        except (KeyError, RuntimeError, ValueError):
            raise NucleusError(
                f"Expected a checkpoint of this recipe's network in {path}, got another's. Rename the recipe."
            ) from None
        return int(state["step"])

    def _parts(self) -> dict[str, Any]:
        return {"updates": self._updates, "average": self._average, "best": self._best}
