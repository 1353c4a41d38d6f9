"""The class of a nucleus by the vote of its pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.correct.boxes import window
from napari_nucleus.project.chunks import Box

Vote = tuple[int, tuple[float, ...] | None]
"""Class number, 0 for unknown, and the probabilities of the classes 1, 2, …"""


def vote(type_prob: NDArray[np.float32] | None, box: Box, pixels: NDArray[np.bool_]) -> Vote:
    """The most frequent class of some pixels of a box, background left out, and their mean probabilities.

    Parameters
    ----------
    type_prob : (1 + C, H, W) float32 or None
        Without it, nothing is known.
    box : (y0, x0, y1, x1)
    pixels : (height, width) bool
        At least one of them.
    """
    if type_prob is None:
        return 0, None
    chances = type_prob[(slice(None), *window(box))][:, pixels]
    mean = chances[1:].mean(1)
    votes = np.bincount(chances.argmax(0), minlength=len(chances))[1:]
    number = 1 + int(votes.argmax() if votes.any() else mean.argmax())
    return number, tuple(mean.astype(np.float32).tolist())
