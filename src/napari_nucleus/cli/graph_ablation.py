"""``napari-nucleus graph-ablation``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def graph_ablation(
    recipe: Annotated[Path, typer.Argument(help="Recipe of a graph classifier (TOML).")],
    data: Annotated[Path, typer.Argument(help="Folder that holds the recipe's data sets.")],
    runs: Annotated[Path, typer.Option(help="A run a row lands here; those that are there already are used.")] = Path(
        "runs"
    ),
    tested: Annotated[
        str, typer.Option(help="Images to score, such as 'test_*'; by default the held-out ones, which chose.")
    ] = "",
    refit: Annotated[
        bool, typer.Option("--refit", help="Score graphs that learnt from the held-out images, too; with --tested.")
    ] = False,
    bootstrap: Annotated[int, typer.Option(min=0, help="Samples for the intervals.")] = 1000,
    csv: Annotated[Path | None, typer.Option(help="Write the table.")] = None,
    device: Annotated[str, typer.Option(help="auto, cuda or cpu.")] = "auto",
) -> None:
    """Say what each part of a node is worth: F by class of the pixels' vote and of graphs with more and more parts."""
    from napari_nucleus.cli.training import follow_training
    from napari_nucleus.inference import resolve_device
    from napari_nucleus.training.graph.ablation import graph_ablation, summary

    place = resolve_device(device)
    table = follow_training(
        graph_ablation(recipe, data, runs, tested=tested, refit=refit, device=place, bootstrap=bootstrap)
    )
    if csv is not None:
        table.to_csv(csv, index=False, lineterminator="\n")
    print(summary(table))
