"""``napari-nucleus train-clip``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train_clip(
    recipe: Annotated[Path, typer.Argument(help="A recipe (TOML) such as recipes/nucleus_clip.toml.")],
    run: Annotated[Path | None, typer.Argument(help="With --resume: the run's folder.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder that holds the recipe's data sets; beside the recipe by default.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="The run lands in RUNS/<name>/.")] = Path("runs"),
    device: Annotated[str, typer.Option(help="auto, cuda or cpu.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Of the processor; all by default.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Another number of updates than the recipe's.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Put the finished model into the model list.")] = False,
) -> None:
    """Teach a small CLIP nuclei and the words for them, as the one that ships was taught."""
    import torch

    from napari_nucleus import training
    from napari_nucleus.cli.training import follow_training, is_first, runs_folder
    from napari_nucleus.inference import resolve_device
    from napari_nucleus.training.clip import train_clip as learn

    place = runs_folder(recipe, runs, run, resume)
    if threads:
        torch.set_num_threads(threads)
    finished = follow_training(learn(recipe, data, place, device=resolve_device(device), steps=steps, resume=resume))
    if not is_first():
        return
    print(f"{finished.weights} holds the model")
    if publish:
        print(f"published as {training.publish(finished)}; name it with ask --clip")
