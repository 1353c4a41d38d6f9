"""``napari-nucleus train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe (TOML).")],
    data: Annotated[Path, typer.Option(help="Folder that holds the recipe's data sets.")],
    runs: Annotated[Path, typer.Option(help="The run lands in RUNS/<name>/.")] = Path("runs"),
    device: Annotated[str, typer.Option(help="auto, cuda or cpu.")] = "auto",
    steps: Annotated[int | None, typer.Option(help="Another number of updates than the recipe's.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")] = False,
) -> None:
    """Train a model from a recipe; a killed run goes on with --resume."""
    from napari_nucleus.inference import resolve_device
    from napari_nucleus.training import fit

    for progress in fit(recipe, data, runs, device=resolve_device(device), steps=steps, resume=resume):
        if progress.done % 50 == 0 or progress.done == progress.total:
            values = "  ".join(f"{name} {value:.4g}" for name, value in progress.values.items())
            print(f"{progress.done}/{progress.total} {progress.message}  {values}", flush=True)
