"""``napari-nucleus distill``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def distill(
    recipe: Annotated[Path, typer.Argument(help="A recipe (TOML) that names the teacher and the student.")],
    data: Annotated[Path, typer.Option(help="Folder that holds the recipe's data sets.")],
    runs: Annotated[Path, typer.Option(help="The run lands in RUNS/<name>/.")] = Path("runs"),
    device: Annotated[str, typer.Option(help="auto, cuda or cpu.")] = "auto",
    steps: Annotated[int | None, typer.Option(help="Another number of updates than the recipe's.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")] = False,
) -> None:
    """Teach a small model what a larger one, or several, know, and compare them; a killed run goes on with --resume."""
    from napari_nucleus.cli.training import follow_training, is_first
    from napari_nucleus.inference import resolve_device
    from napari_nucleus.training import distill

    run = follow_training(distill(recipe, data, runs, device=resolve_device(device), steps=steps, resume=resume))
    if is_first():
        print((run.folder / "comparison.txt").read_text(encoding="utf-8"), end="")
        print(f"{run.weights}; put it on the list of models: napari-nucleus models import {run.folder}")
