"""``napari-nucleus train-graph``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train_graph(
    recipe: Annotated[Path, typer.Argument(help="A recipe (TOML).")],
    data: Annotated[
        Path | None, typer.Option(help="Folder that holds the recipe's data sets; beside the recipe by default.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="The run lands in RUNS/<name>/.")] = Path("runs"),
    device: Annotated[str, typer.Option(help="auto, cuda or cpu.")] = "auto",
    steps: Annotated[int | None, typer.Option(min=1, help="Another number of updates than the recipe's.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")] = False,
    refit: Annotated[
        bool, typer.Option("--refit", help="Learn from the held-out images, too; nothing is scored.")
    ] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Let `segment --graph` and the panels find it.")] = False,
) -> None:
    """Train a graph classifier on the nuclei that a dense network finds."""
    from napari_nucleus import training
    from napari_nucleus.cli.training import follow_training
    from napari_nucleus.inference import resolve_device

    work = training.train_graph(
        recipe, data, runs, device=resolve_device(device), steps=steps, resume=resume, refit=refit
    )
    run = follow_training(work)
    print(f"{run.weights} holds the graph classifier")
    if publish:
        print(f"published as {training.publish(run)}")
