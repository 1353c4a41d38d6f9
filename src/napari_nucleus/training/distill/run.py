"""Distillation, from a recipe to a student that is compared with its teacher."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap, Progress
from napari_nucleus.inference.device import precision
from napari_nucleus.models import find_model, load_segmenter, load_weights
from napari_nucleus.training.data import TrainingImage
from napari_nucleus.training.distill.comparison import Comparison, ScoredImage, compare_models
from napari_nucleus.training.distill.ensemble import Ensemble
from napari_nucleus.training.distill.opening import distill_task
from napari_nucleus.training.distill.recipe import DistillRecipe
from napari_nucleus.training.distill.taught import keep_student
from napari_nucleus.training.loop import train
from napari_nucleus.training.losses import UNKNOWN
from napari_nucleus.training.recipe import Recipe, read_recipe
from napari_nucleus.training.recipe_reading import data_folder
from napari_nucleus.training.run import Run, check_new, training_in

ANSWERS = "teacher_answers"
"""Folder beside the runs that keeps what teachers said."""


def distill(
    recipe: DistillRecipe | str | Path,
    data: str | Path | None = None,
    runs: str | Path = "runs",
    *,
    device: str = "cpu",
    steps: int | None = None,
    resume: bool = False,
) -> Generator[Progress, None, Run]:
    """Train a student on what a teacher says and on labels; then compare the two.

    The teacher is asked once about each image as it is, and its answers are kept in ``runs/teacher_answers``; the
    student learns them from crops that are turned, zoomed and recoloured.

    Parameters
    ----------
    recipe : DistillRecipe or path to TOML
    data : path, optional
        The folder that holds the recipe's sources; by default the recipe's own.
    runs : path
        The run lands in ``runs/<recipe name>/``, with ``comparison.json``, ``.csv`` and ``.txt``.
    device : str
        Of torch.
    steps : int, optional
        Another number of updates than the recipe's.
    resume : bool
        Go on from the run's last checkpoint.

    Yields
    ------
    Progress
        Images that are read, and that the teacher is asked about; then updates, as those of `train`; then images that
        are scored.

    Raises
    ------
    NucleusError
        Recipe, data or a model can't be used, the run exists already, the disk is full, or the loss is no number.
    """
    data = data_folder(recipe, data)
    recipe = recipe if isinstance(recipe, DistillRecipe) else read_recipe(recipe, DistillRecipe)
    folder = Path(runs) / recipe.name
    check_new(folder, resume=resume)
    task = yield from distill_task(recipe, Path(data), Path(runs) / ANSWERS, device)
    counted = recipe.in_steps(task.epoch)
    try:
        run = yield from train(task, counted, folder, device=device, steps=steps, resume=resume)
    finally:
        if _is_first():
            # Unless another process trains there, which was why this one couldn't.
            with suppress(NucleusError), training_in(folder):
                keep_student(folder / "model.safetensors")
    if _is_first():
        comparison = yield from compare_run(run, recipe, scored_images(task.data.held_out, recipe), device=device)
        comparison.write(run.folder)
    return run


def compare_run(
    run: Run, recipe: DistillRecipe, images: Sequence[ScoredImage], *, device: str
) -> Generator[Progress, None, Comparison]:
    """Compare a trained student with its teacher; see `compare_models`."""
    teacher = Ensemble([load_segmenter(name) for name in recipe.teacher], views=recipe.views, device=device)
    student = Ensemble([load_weights(run.weights, run.card)], views=False, device=device)
    stored = [find_model(name).weights for name in recipe.teacher]
    disk_bytes = sum(file.stat().st_size for file in stored if file), run.weights.stat().st_size
    about = {
        "teacher": {"models": list(recipe.teacher), "views": 3 if recipe.views else 1},
        "student": {"name": run.card.name, "architecture": run.card.architecture},
        "device": device,
        "precision": precision(device),
    }
    return (yield from compare_models(teacher, student, images, disk_bytes=disk_bytes, about=about))


def scored_images(images: Iterable[TrainingImage], recipe: Recipe) -> list[ScoredImage]:
    """Annotated images as they are scored; with classes where any of them has some."""
    annotated = list(images)
    classes: ClassScheme | str = "nucleus" if all(i.types is None for i in annotated) else recipe.scheme
    scored = []
    for image in annotated:
        types = None if image.types is None else image.types % UNKNOWN
        truth = NucleusMap.from_labels(image.labels, mpp=recipe.mpp, classes=classes, type_map=types)
        scored.append(ScoredImage(image.name, image.image, truth))
    return scored


def _is_first() -> bool:
    """Whether this is the only process, or the first of several that ``torchrun`` started."""
    return os.environ.get("RANK", "0") == "0"
