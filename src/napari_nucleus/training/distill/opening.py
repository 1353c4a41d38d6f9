"""From a recipe to the task: images opened, the teacher asked."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.training.data import TrainingData, TrainingImage, open_data
from napari_nucleus.training.data.credit import credit
from napari_nucleus.training.data.store import Entry
from napari_nucleus.training.distill.cache import AnswerCache
from napari_nucleus.training.distill.lessons import Lesson, Read, lessons
from napari_nucleus.training.distill.plain import plain_files, read_plain
from napari_nucleus.training.distill.pseudo import Decode, told_nuclei, with_nuclei
from napari_nucleus.training.distill.recipe import DistillRecipe, PlainSource
from napari_nucleus.training.distill.task import DistillTask, vector_of
from napari_nucleus.training.distill.teacher import Teacher, picture_digest
from napari_nucleus.training.network import dense_network

_POLL_S = 1.0


def distill_task(
    recipe: DistillRecipe, data: Path, answers: Path, device: str
) -> Generator[Progress, None, DistillTask]:
    """Open the images and ask the teacher about each that is learnt from.

    Parameters
    ----------
    recipe : DistillRecipe
    data : Path
        The folder that holds the sources.
    answers : Path
        Where the teacher's answers are kept.
    device : str

    Raises
    ------
    NucleusError
        Data or a model can't be used, or the disk is full.
    """
    student = dense_network(recipe)
    teacher = Teacher(
        recipe.teacher,
        views=recipe.views,
        classes=recipe.scheme,
        vector=vector_of(student),
        mpp=recipe.mpp,
        device=device,
    )
    opened = yield from open_data(recipe, data, student.targets)
    plain: set[str] = set()
    for number, source in enumerate(recipe.unlabelled, len(recipe.sources)):
        plain |= yield from _add_plain(opened, number, source, data, recipe.mpp)
    asked = yield from _asked(teacher, answers, opened, features=recipe.feature_weight > 0)
    if recipe.pseudo_labels:
        decoded = partial(
            told_nuclei,
            vector=vector_of(student),
            classes=recipe.scheme,
            thresholds=teacher.ensemble.models[0].card.thresholds,
            mpp=recipe.mpp,
        )
        _adopt(opened.training.entries, plain, asked, decoded)
        plain = set()
    del teacher
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return DistillTask(recipe, opened, student, asked, plain)


def _asked(
    teacher: Teacher, answers: Path, opened: TrainingData, *, features: bool
) -> Generator[Progress, None, dict[str, Lesson]]:
    """One process asks at a time; another one that wants the same answers then finds them."""
    from filelock import FileLock, Timeout

    images: list[Read] = [partial(_pixels, entry) for entry in opened.training.entries]
    with _folder(answers):
        answers.mkdir(parents=True, exist_ok=True)
        lock = FileLock(answers / ".lock", timeout=_POLL_S, thread_local=False)
    while not lock.is_locked:
        try:
            lock.acquire()
        except Timeout:
            yield Progress(0, len(images), "waiting for another run that asks a teacher")
    try:
        return (yield from lessons(teacher, AnswerCache(answers), images, features=features))
    finally:
        lock.release()


@contextmanager
def _folder(answers: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NucleusError(
            f"Expected a folder for the teacher's answers, got {answers}: {error.strerror}. Choose other runs."
        ) from None


def _adopt(entries: list[Entry], plain: set[str], asked: dict[str, Lesson], decoded: Decode) -> None:
    """Give the images without labels the nuclei that the teacher found."""
    for i, entry in enumerate(entries):
        if entry.name in plain:
            entries[i] = with_nuclei(entry, asked[picture_digest(entry.read().image)].answer, decoded)


def _pixels(entry: Entry) -> NDArray[np.uint8]:
    return entry.read().image


def _add_plain(
    opened: TrainingData, number: int, source: PlainSource, data: Path, mpp: float
) -> Generator[Progress, None, set[str]]:
    """Put a folder's images without labels among those that are learnt from; returns their names."""
    files = plain_files(data, source)
    names = set()
    for i, file in enumerate(files):
        yield Progress(i, len(files), f"reading {source.folder}")
        read = partial(_plain_image, file, source, mpp)
        image = read()
        entry = Entry(image.name, read, number, source.share, image.labels.shape, np.zeros((0, 3), np.int32))
        opened.training.add(entry, image)
        names.add(image.name)
    opened.credits.append(credit(data / source.folder, data, len(files), 0, typed=False))
    return names


def _plain_image(file: Path, source: PlainSource, mpp: float) -> TrainingImage:
    image = read_plain(file, source, mpp)
    return TrainingImage(f"{source.folder}/{file.name} (no labels)", image, np.zeros(image.shape[:2], np.int32), None)
