"""A CLIP of nuclei from annotated images."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from napari_nucleus.core import Progress
from napari_nucleus.training.clip.recipe import ClipRecipe
from napari_nucleus.training.clip.task import ClipTask
from napari_nucleus.training.clip.windows import read_windows
from napari_nucleus.training.loop import train
from napari_nucleus.training.recipe import read_recipe
from napari_nucleus.training.recipe_reading import data_folder
from napari_nucleus.training.run import Run, check_new


def train_clip(
    recipe: ClipRecipe | str | Path,
    data: str | Path | None = None,
    runs: str | Path = "runs",
    *,
    device: str = "cpu",
    steps: int | None = None,
    resume: bool = False,
) -> Generator[Progress, None, Run]:
    """Train a CLIP of nuclei; every ``yield`` is an image read, then an update.

    Parameters
    ----------
    recipe : ClipRecipe or path to TOML
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
        ``values`` holds ``loss``, ``rate`` and ``seconds``, and the scores of a validation.

    Raises
    ------
    NucleusError
        Data are missing or broken, the run exists already, or the loss is no number.

    Examples
    --------
    >>> for progress in train_clip("recipes/nucleus_clip.toml", "data"):  # doctest: +SKIP
    ...     print(progress.done, progress.values)
    """
    data = data_folder(recipe, data)
    recipe = recipe if isinstance(recipe, ClipRecipe) else read_recipe(recipe, ClipRecipe)
    folder = Path(runs) / recipe.name
    check_new(folder, resume=resume)
    task = ClipTask(recipe, (yield from read_windows(recipe, data)))
    return (yield from train(task, recipe.in_steps(len(task)), folder, device=device, steps=steps, resume=resume))
