"""What speaks for each class of a nucleus beside the graph.

Two experts don't know the graph: the network, pixel by pixel, and a CLIP, which sees the crop of that nucleus alone and
says how near it is to the name of each class. Their opinions and the graph's are multiplied (products of experts;
Hinton 2002), each to a power. The three err differently, so that together they do better; and as nothing but the powers
is chosen, it does no harm that each is too sure of images that it was taught with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme
from napari_nucleus.graph.ask import class_prompt
from napari_nucleus.graph.text import text_encoder

_FLOOR = 1e-3
"""Pixels never rule a class out."""


class Weights(NamedTuple):
    """Powers of the opinions: of the vote, of the likeness to names, of the graph that reads the network's features,
    places and descriptions, and of the one that reads what was measured.

    That of the likeness counts from cosines, as the scale of a CLIP does.
    """

    vote: float = 0.0
    likeness: float = 0.0
    graph: float = 1.0
    tissue: float = 1.0


def log_vote(vote: NDArray[np.floating]) -> NDArray[np.float32]:
    """Logarithms of what the pixels say, (N, C); 0 throughout for nuclei of which they say nothing (nan)."""
    there = np.isfinite(vote).all(1, keepdims=True)
    return np.where(there, np.log(np.clip(vote, _FLOOR, None)), 0).astype(np.float32)


def name_likeness(crops: NDArray[np.float32], scheme: ClassScheme, encoder: str) -> NDArray[np.float32]:
    """Cosines of each nucleus's crop (N, D), as `image_embeddings` sees it, and the name of each class, (N, C).

    Raises
    ------
    NucleusError
        There is no such CLIP, or its weights can't be fetched.
    """
    names = text_encoder(encoder).encode([class_prompt(name) for name in scheme.classes])
    cosines: NDArray[np.float32] = crops @ names.T
    return cosines


def together(
    vote: NDArray[np.float32], likeness: NDArray[np.float32], parts: Sequence[str], weights: Weights
) -> NDArray[np.float32]:
    """Both opinions as logits (N, C); the likeness belongs to the part ``text`` and may be (N, 0), not asked."""
    asked = "text" in parts and likeness.shape[1]
    return weights.vote * vote + (weights.likeness * likeness if asked else 0)
