"""What a picture of a nucleus shows, as numbers: size, shape, stain and chromatin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.graph.words import CHROMATIN, SHAPE, SIZE, STAIN, shapes

TRAITS = {"size": SIZE.words, "shape": (*SHAPE.words, "irregular"), "stain": STAIN.words, "chromatin": CHROMATIN.words}
"""Words of each trait. Company and position can't be seen in a picture of one nucleus."""


def traits(measured: pd.DataFrame) -> NDArray[np.int64]:
    """Numbers of the words of each nucleus, (N, 4).

    Parameters
    ----------
    measured : DataFrame
        `morphology` with the image.
    """
    read = {
        "size": SIZE.read(measured),
        "shape": shapes(measured),
        "stain": STAIN.read(measured),
        "chromatin": CHROMATIN.read(measured),
    }
    columns = [pd.Index(TRAITS[name]).get_indexer(pd.Index(found)) for name, found in read.items()]
    return np.stack(columns, axis=1).astype(np.int64)


def fits(found: NDArray[np.int64], words: Sequence[str]) -> NDArray[np.bool_]:
    """Which nuclei all of some words fit, (N,).

    Parameters
    ----------
    found : (N, 4 or more) int64
        `traits`.
    words : sequence of str
        Of `TRAITS`.
    """
    fitting = np.ones(len(found), bool)
    for word in words:
        trait, number = _place(word)
        fitting &= found[:, trait] == number
    return fitting


def _place(word: str) -> tuple[int, int]:
    for trait, words in enumerate(TRAITS.values()):
        if word in words:
            return trait, words.index(word)
    raise NucleusError(f"Expected a word of size, shape, stain or chromatin, got {word!r}. Correct it.")
