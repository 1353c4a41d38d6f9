"""Graph classifiers learn from annotated images."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from napari_nucleus.core import Progress
from napari_nucleus.training.graph.images import open_nodes
from napari_nucleus.training.graph.recipe import GraphRecipe
from napari_nucleus.training.graph.task import GraphTask
from napari_nucleus.training.loop import train
from napari_nucleus.training.recipe import read_recipe
from napari_nucleus.training.recipe_reading import data_folder
from napari_nucleus.training.run import Run, check_new


def train_graph(
    recipe: GraphRecipe | str | Path,
    data: str | Path | None = None,
    runs: str | Path = "runs",
    *,
    device: str = "cpu",
    steps: int | None = None,
    resume: bool = False,
    looks: Path | None = None,
    refit: bool = False,
) -> Generator[Progress, None, Run]:
    """Train a graph classifier on the nuclei that a dense network finds; every ``yield`` is an image, then an update.

    Parameters
    ----------
    recipe : GraphRecipe or path to TOML
    data : path, optional
        The folder that holds the recipe's sources; by default the recipe's own.
    runs : path
        The run lands in ``runs/<recipe name>/``.
    device : str
        Of torch.
    steps : int, optional
        Another number of updates than the recipe's.
    resume : bool
        Go on from the run's last checkpoint.
    looks : Path, optional
        Where it is kept what the dense network sees, so that other runs needn't look again; ``<recipe name>/looks``
        among the runs by default.
    refit : bool
        Learn from the held-out images, too, once they have chosen what there was to choose; nothing is scored then,
        and the run lands in ``<recipe name>-refit``.

    Yields
    ------
    Progress
        ``values`` holds ``loss``, its parts, ``rate`` and ``seconds``, and the scores of a validation.

    Raises
    ------
    NucleusError
        The model has no weights, data are missing or broken, or the run exists already.
    """
    data = data_folder(recipe, data)
    recipe = recipe if isinstance(recipe, GraphRecipe) else read_recipe(recipe, GraphRecipe)
    folder = Path(runs) / (f"{recipe.name}-refit" if refit else recipe.name)
    check_new(folder, resume=resume)
    if refit:
        recipe = replace(recipe, sources=tuple(replace(source, validate=()) for source in recipe.sources))
    images = yield from open_nodes(recipe, data, looks or Path(runs) / recipe.name / "looks", device)
    task = GraphTask(recipe, images)
    recipe = recipe.in_steps(len(task))
    return (yield from train(task, recipe, folder, device=device, steps=steps, resume=resume))
