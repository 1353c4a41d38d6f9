"""Lessons as planes of an image, that are cut, resized and turned with it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_nucleus.training.distill.features import TOKEN
from napari_nucleus.training.distill.lessons import Lesson

LABELLED, PLAIN = 1, 2
"""Values of the plane ``told_source``: the image has labels, or it has none; 0 lies beyond the image's rim."""


def lesson_planes(lesson: Lesson, vector: str, source: int) -> dict[str, NDArray[np.float16]]:
    """Planes (H, W, C) of an image, by name.

    Parameters
    ----------
    lesson : Lesson
    vector : {"hv", "flow"}
    source : int
        `LABELLED` or `PLAIN`.
    """
    answer = lesson.answer
    planes = {"told_np": answer[..., :1], f"told_{vector}": answer[..., 1:3]}
    if answer.shape[-1] > 3:
        planes["told_type"] = answer[..., 3:]
    return {**planes, "told_source": np.broadcast_to(np.float16(source), (*answer.shape[:2], 1))}


class TokenTable:
    """The tokens of all images, by number; a crop carries numbers, for tokens are too wide to be cut pixel by pixel.

    Parameters
    ----------
    lessons : mapping of Lesson
        By picture.
    """

    def __init__(self, lessons: Mapping[str, Lesson]) -> None:
        self._tokens = [lesson.tokens for lesson in lessons.values()]
        sizes = [tokens[0].shape[0] * tokens[0].shape[1] for tokens in self._tokens]
        self._first = 1 + np.append(0, np.cumsum(sizes))
        self._position = {picture: i for i, picture in enumerate(lessons)}

    def plane(self, picture: str, size: tuple[int, ...]) -> NDArray[np.float32]:
        """The number of the token that each pixel of an image lies in, (H, W, 1)."""
        i = self._position[picture]
        rows, columns = self._tokens[i][0].shape[:2]
        number = self._first[i] + np.arange(rows * columns).reshape(rows, columns)
        return number.repeat(TOKEN, 0).repeat(TOKEN, 1)[: size[0], : size[1], None].astype(np.float32)

    def look_up(self, numbers: Tensor) -> dict[str, Tensor]:
        """Tokens of crops, by model of the teacher: ``told_tokens_0`` and so on.

        Parameters
        ----------
        numbers : (B, 1, S, S) float32
            The plane ``told_token``; 0 where there is no image.

        Returns
        -------
        dict of (B, C, ⌈S / 8⌉, ⌈S / 8⌉) float32
            What lies under the middle of each of the crop's own tokens; 0 where there is no image.
        """
        y, x = (_middles(side) for side in numbers.shape[2:])
        wanted = numbers[:, 0, y][:, :, x].long().numpy()
        return {
            f"told_tokens_{member}": torch.from_numpy(self._gathered(wanted, member))
            for member in range(len(self._tokens[0]))
        }

    def _gathered(self, wanted: NDArray[np.int64], member: int) -> NDArray[np.float32]:
        found = np.zeros((*wanted.shape, self._tokens[0][member].shape[-1]), np.float32)
        image = np.searchsorted(self._first, wanted, "right") - 1
        for i in np.unique(image[wanted > 0]):
            here = image == i
            tokens = self._tokens[i][member]
            found[here] = tokens.reshape(-1, tokens.shape[-1])[wanted[here] - self._first[i]]
        return np.ascontiguousarray(np.moveaxis(found, -1, 1))


def _middles(side: int) -> Tensor:
    """The middle pixel of each token along a side."""
    return (torch.arange(-(-side // TOKEN)) * TOKEN + TOKEN // 2).clamp(max=side - 1)
