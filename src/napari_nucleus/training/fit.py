"""Dense networks learn from annotated images."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from napari_nucleus.core.progress import Progress
from napari_nucleus.training.data import open_data
from napari_nucleus.training.dense_task import DenseTask
from napari_nucleus.training.loop import train
from napari_nucleus.training.network import dense_network
from napari_nucleus.training.recipe import Recipe, read_recipe
from napari_nucleus.training.recipe_reading import data_folder
from napari_nucleus.training.run import Run, check_new


def fit(
    recipe: Recipe | str | Path,
    data: str | Path | None = None,
    runs: str | Path = "runs",
    *,
    device: str = "cpu",
    steps: int | None = None,
    resume: bool = False,
) -> Generator[Progress, None, Run]:
    """Train a model from annotated images; every ``yield`` is an image read, then an update.

    Parameters
    ----------
    recipe : Recipe or path to TOML
    data : path, optional
        The folder that holds the recipe's sources; by default the recipe's own.
    runs : path
        The run lands in ``runs/<recipe name>/``.
    device : str
        Of torch.
    steps : int, optional
        Another number of updates than the recipe's, to end a run earlier or later.
    resume : bool
        Go on from the run's last checkpoint.

    Yields
    ------
    Progress
        ``values`` holds ``loss``, its parts, ``rate`` and ``seconds``, and the scores of a validation.

    Raises
    ------
    NucleusError
        Data are missing, broken or of other classes, the run exists already, or the loss is no number.

    Examples
    --------
    >>> for progress in fit("recipes/nucleus_small.toml", "data"):  # doctest: +SKIP
    ...     print(progress.done, progress.values)
    """
    data = data_folder(recipe, data)
    recipe = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    folder = Path(runs) / recipe.name
    check_new(folder, resume=resume)
    network = dense_network(recipe)
    task = DenseTask(recipe, (yield from open_data(recipe, data, network.targets)), network)
    recipe = recipe.in_steps(task.epoch)
    return (yield from train(task, recipe, folder, device=device, steps=steps, resume=resume))
