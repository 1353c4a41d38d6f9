"""``napari-nucleus relabel``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def relabel(
    recipe: Annotated[Path, typer.Argument(help="A recipe (TOML) that names two data sets.")],
    run: Annotated[Path | None, typer.Argument(help="With --resume: the run's folder.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder that holds both data sets; beside the recipe by default.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="The run lands in RUNS/<name>/.")] = Path("runs"),
    device: Annotated[str, typer.Option(help="auto, cuda or cpu.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Of the processor; all by default.")] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Another number of updates of each classifier than the recipe's.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run was stopped.")] = False,
) -> None:
    """Let two data sets refine each other's broad classes; a stopped or killed run goes on with --resume."""
    import pandas as pd
    import torch

    from napari_nucleus.cli.training import follow_training, runs_folder
    from napari_nucleus.inference import resolve_device
    from napari_nucleus.training import cross_relabel

    place = runs_folder(recipe, runs, run, resume)
    if threads:
        torch.set_num_threads(threads)
    work = cross_relabel(recipe, data, place, device=resolve_device(device), steps=steps, resume=resume)
    finished = follow_training(work)
    for classifier in finished.classifiers:
        table = pd.read_csv(classifier.folder / "accuracy.csv").round(3)
        print(f"\n{classifier.card.description}\n{table.to_string(index=False)}")
    ledger = pd.read_parquet(finished.ledger)
    counts = ledger.groupby(["source", "decision", "new_class"]).size().rename("nuclei").reset_index()
    print(f"\n{counts.to_string(index=False)}")
    print(f"\n{finished.refined} holds the refined data set, {finished.review} the nuclei to look at")
