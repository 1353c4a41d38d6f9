"""``napari-nucleus jobs``: training in the background."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from napari_nucleus.jobs import Job

jobs = typer.Typer(help="Training in the background: what runs, waits and is done.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(metavar="JOB", help="Number of a job, as in `jobs list`.")]
Numbers = Annotated[list[str], typer.Argument(metavar="JOB…", help="Numbers of jobs, as in `jobs list`.")]


class Kind(StrEnum):
    """`napari_nucleus.jobs.spec.Kind` as typer wants it."""

    train = "train"
    distill = "distill"
    fine_tune = "fine_tune"
    relabel = "relabel"
    graph = "graph"
    clip = "clip"


@jobs.command("list")
def list_() -> None:
    """List all jobs in the order in which they were submitted."""
    from napari_nucleus.jobs import JobQueue

    rows = [_row(job) for job in JobQueue().jobs()]
    if not rows:
        print("no jobs")
        return
    rows.insert(0, ("job", "name", "kind", "state", "step", "left", ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@jobs.command()
def show(number: Number) -> None:
    """Tell all that is known of a job."""
    from napari_nucleus.jobs import JobQueue

    job = JobQueue().job(number)
    _, name, kind, state, step, left, message = _row(job)
    told = {"name": name, "kind": kind, "state": state, "message": message, "step": step, "time left": left}
    told |= {f"  {name}": f"{value:.4g}" for name, value in (job.progress.values if job.progress else {}).items()}
    told |= {"model": job.status.model, "run": str(job.run_folder), "recipe": job.spec.recipe, "data": job.spec.data}
    told |= {"device": job.spec.device, "threads": str(job.spec.threads)}
    for what, value in told.items():
        if value:
            print(f"{what:11} {value}")


@jobs.command()
def log(number: Number) -> None:
    """Print what a job has printed."""
    from napari_nucleus.jobs import JobQueue

    print(JobQueue().job(number).log().replace("\f", ""), end="")


@jobs.command()
def pause(numbers: Numbers) -> None:
    """Stop jobs at the end of their step, with a checkpoint; `resume` goes on."""
    _each(numbers, lambda job: job.pause())


@jobs.command()
def resume(numbers: Numbers) -> None:
    """Queue paused, cancelled or failed jobs again; they go on from their checkpoint."""
    _each(numbers, lambda job: job.resume())


@jobs.command()
def cancel(numbers: Numbers) -> None:
    """Stop jobs at the end of their step, with a checkpoint, for good."""
    _each(numbers, lambda job: job.cancel())


@jobs.command()
def remove(numbers: Numbers) -> None:
    """Take jobs that don't run off the list; their run folders stay."""
    from napari_nucleus.jobs import JobQueue

    queue = JobQueue()
    for number in numbers:
        queue.remove(queue.job(number))
        print(f"{number}: removed")


@jobs.command()
def submit(
    recipe: Annotated[Path, typer.Argument(help="A recipe (TOML).")],
    data: Annotated[
        Path | None, typer.Option(help="Folder that holds the recipe's data sets; beside the recipe by default.")
    ] = None,
    kind: Annotated[Kind, typer.Option(help="What the recipe is for.")] = Kind.train,
    runs: Annotated[Path, typer.Option(help="The run lands in RUNS/<name>/.")] = Path("runs"),
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="Of the processor; all but one by default.")] = None,
    steps: Annotated[int | None, typer.Option(help="Another number of updates than the recipe's.")] = None,
    go_on: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")] = False,
    publish: Annotated[bool, typer.Option(help="Put the finished model into the list of models.")] = True,
) -> None:
    """Queue a job, start it where none runs, and print its number; it outlives this terminal."""
    from napari_nucleus.jobs import JobQueue, JobSpec

    spec = JobSpec(
        kind=kind.value,
        recipe=str(recipe),
        data=str(recipe.parent if data is None else data),
        runs=str(runs),
        device=device,
        threads=threads,
        steps=steps,
        resume=go_on,
        publish=publish,
    )
    print(JobQueue().submit(spec).id)


def _each(numbers: list[str], ask: Callable[[Job], None]) -> None:
    from napari_nucleus.jobs import JobQueue

    queue = JobQueue()
    for job in [queue.job(number) for number in numbers]:
        ask(job)
        print(f"{job.id}: {job.state}" + (f", {job.message}" if job.message else ""))


def _row(job: Job) -> tuple[str, ...]:
    status = job.status
    step = f"{status.progress.done}/{status.progress.total}" if status.progress else ""
    left = "" if status.seconds_left is None else _time(status.seconds_left)
    return job.id, job.name, job.spec.kind, status.state, step, left, status.message


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
