"""Orders to jobs, and what has become of the jobs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.app.training.orders import Order, RecipeOrder
from napari_nucleus.app.training.state import JobRow, TrainState
from napari_nucleus.core import NucleusError
from napari_nucleus.io.files import replacing
from napari_nucleus.jobs import Job, JobQueue, JobSpec, jobs_folder

if TYPE_CHECKING:  # training loads torch
    from napari_nucleus.training.loop_recipe import LoopRecipe

_COUNTED = re.compile(r"(.*)-(\d+)")


class TrainController:
    """Submits jobs, follows them and passes on what is asked of them.

    Parameters
    ----------
    queue : JobQueue, optional
        Of the user's jobs folder by default.
    folder : path, optional
        Where recipes, data from layers and runs lie; beside the jobs by default.
    """

    def __init__(self, queue: JobQueue | None = None, folder: Path | None = None) -> None:
        self.queue = JobQueue() if queue is None else queue
        self.folder = jobs_folder().parent if folder is None else folder
        self.state = TrainState()

    @property
    def runs(self) -> Path:
        """Where runs land."""
        return self.folder / "runs"

    def free_name(self, wanted: str) -> str:
        """The name, with a number behind it where a run or a job of that name exists."""
        taken = {row.name for row in self.state.rows}
        if self.runs.is_dir():
            taken |= {path.name for path in self.runs.iterdir()}
        if wanted not in taken:
            return wanted
        counted = _COUNTED.fullmatch(wanted)
        stem, first = (counted[1], int(counted[2])) if counted else (wanted, 1)
        return next(name for i in range(first + 1, first + len(taken) + 2) if (name := f"{stem}-{i}") not in taken)

    def submit(self, order: Order | RecipeOrder) -> Job:
        """Write an order's recipe, and its data where they are in layers, and queue the job; let a thread do it.

        Raises
        ------
        NucleusError
            The order isn't complete or can't be fulfilled, or the folder can't be written.
        """
        if isinstance(order, RecipeOrder):
            spec = JobSpec(
                kind=order.kind,
                recipe=str(order.path),
                data=order.folder,
                runs=str(self.runs),
                device=order.device,
                steps=order.steps,
            )
        else:
            spec = self._spec(order)
        return self.queue.submit(spec)

    def save_recipe(self, order: Order, path: Path) -> None:
        """Write an order's recipe to a file, to run it elsewhere.

        Raises
        ------
        NucleusError
            The order isn't complete, or the file can't be written.
        """
        _write(path, order.recipe())

    def refresh(self) -> None:
        """Take over how the jobs stand; cheap where the queue watches."""
        rows = tuple(JobRow.of(job) for job in self.queue.jobs())
        if rows != self.state.rows:
            self.state.rows = rows
        if self.state.row is None:
            self.state.chosen = rows[-1].id if rows else ""

    def chosen(self) -> Job | None:
        """The job whose curves are shown."""
        return next((job for job in self.queue.jobs() if job.id == self.state.chosen), None)

    def pause(self) -> None:
        """Pause the chosen job."""
        self._ask(Job.pause)

    def resume(self) -> None:
        """Let the chosen job go on."""
        self._ask(Job.resume)

    def cancel(self) -> None:
        """Cancel the chosen job."""
        self._ask(Job.cancel)

    def remove(self) -> None:
        """Forget the chosen job; its run folder stays."""
        self._ask(self.queue.remove)

    def curves(self) -> pd.DataFrame:
        """Of the chosen job, a row a step."""
        job = self.chosen()
        return pd.DataFrame() if job is None else job.curves()

    def preview(self) -> dict[str, NDArray[Any]] | None:
        """What the chosen job's network makes of a held-out image."""
        job = self.chosen()
        return None if job is None else job.preview()

    def _ask(self, wish: Callable[[Job], object]) -> None:
        job = self.chosen()
        if job is None:
            raise NucleusError("Expected a job, got none. Choose one in the list.")
        wish(job)
        self.refresh()

    def _spec(self, order: Order) -> JobSpec:
        recipe = order.recipe()
        if (self.runs / order.name).exists():
            raise NucleusError(f"Expected a new name, got {order.name!r}, which has a run already. Choose another.")
        place = self.folder / "orders" / order.name
        try:
            place.mkdir(parents=True, exist_ok=True)
            data = order.data(place)
        except OSError as error:
            raise NucleusError(
                f"Expected room and the right to write in {self.folder}, got: {error.strerror}."
            ) from None
        _write(place / "recipe.toml", recipe)
        return JobSpec(
            kind=order.kind,
            recipe=str(place / "recipe.toml"),
            data=str(data),
            runs=str(self.runs),
            device=order.device,
        )


def _write(path: Path, recipe: LoopRecipe) -> None:
    from napari_nucleus.training.recipe_writing import recipe_toml

    with replacing(path) as part:
        part.write_text(recipe_toml(recipe), encoding="utf-8")
