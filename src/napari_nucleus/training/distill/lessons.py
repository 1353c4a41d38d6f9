"""What a teacher says of every image that a student learns from, asked once and kept."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import Progress
from napari_nucleus.training.distill.cache import AnswerCache
from napari_nucleus.training.distill.teacher import Teacher, picture_digest, token_shape


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Of one image; arrays are read from the disk where they are looked at.

    Attributes
    ----------
    answer : (H, W, K) float16
        `Teacher.answer`.
    tokens : tuple of (h, w, C) float16
        `Teacher.tokens` of each of the models; empty where features aren't learnt.
    """

    answer: NDArray[np.float16]
    tokens: tuple[NDArray[np.float16], ...] = ()


Read = Callable[[], NDArray[np.uint8]]
Wanted = list[tuple[str, tuple[int, ...]]]


def lessons(
    teacher: Teacher, cache: AnswerCache, images: Sequence[Read], *, features: bool
) -> Generator[Progress, None, dict[str, Lesson]]:
    """Ask the teacher about images; a `Progress` an image. What the cache has isn't asked again.

    Parameters
    ----------
    teacher : Teacher
    cache : AnswerCache
    images : sequence of callable
        Each reads an image (H, W, 3), so that one at a time is in memory.
    features : bool
        Ask for tokens, too.

    Returns
    -------
    dict
        Lessons by `picture_digest`.

    Raises
    ------
    NucleusError
        The disk has no room for the answers.
    """
    pictures: dict[str, tuple[Read, Wanted]] = {}
    for i, read in enumerate(images):
        yield Progress(i, len(images), "looking for the teacher's answers")
        image = read()
        picture = picture_digest(image)
        pictures[picture] = read, _wanted(teacher, picture, image.shape[:2], teacher.widths if features else [])
    missing = {picture for picture, (_, keys) in pictures.items() if any(cache.find(*key) is None for key in keys)}
    cache.check_room(shape for _, keys in pictures.values() for key, shape in keys if cache.find(key, shape) is None)
    told: dict[str, Lesson] = {}
    for picture, (read, keys) in pictures.items():
        if picture in missing:
            yield Progress(len(told), len(pictures), "asking the teacher")
        told[picture] = _lesson(teacher, cache, read, keys)
    return told


def _wanted(teacher: Teacher, picture: str, size: tuple[int, ...], widths: Sequence[int]) -> Wanted:
    """Keys and shapes of what is wanted of an image: the answer, then the tokens of each of the models."""
    answer = teacher.key(picture), (*size, teacher.channels)
    return [answer, *((teacher.token_key(picture, m), (*token_shape(size), width)) for m, width in enumerate(widths))]


def _lesson(teacher: Teacher, cache: AnswerCache, read: Read, keys: Wanted) -> Lesson:
    (key, shape), *of_tokens = keys
    answer = cache.get(key, shape, lambda: teacher.answer(read()))
    tokens = (cache.get(*keyed, lambda member=m: teacher.tokens(read(), member)) for m, keyed in enumerate(of_tokens))  # type: ignore[misc]
    return Lesson(answer, tuple(tokens))
