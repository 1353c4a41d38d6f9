"""How well nuclei are found by words: average precision of each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.graph.ask import class_prompt
from napari_nucleus.graph.traits import TRAITS, fits
from napari_nucleus.metrics.ranking import average_precision


def questions(
    known: NDArray[np.int64], classes: Sequence[str], left_out: Sequence[Sequence[str]]
) -> dict[tuple[str, str], NDArray[np.bool_]]:
    """Questions by kind and text, with the nuclei that each wants; those that no nucleus answers are left away.

    Parameters
    ----------
    known : (N, 5) int64
        `traits` and number of the class, -1 where it isn't known.
    classes : sequence of str
    left_out : sequence of sequence of str
        Combinations of words.

    Returns
    -------
    dict
        ``("class", "epithelial nucleus")``, ``("word", "a small nucleus")`` or ``("left out", "a small round
        nucleus")`` to (N,) bool.
    """
    asked = {("class", class_prompt(name)): known[:, -1] == i for i, name in enumerate(classes)}
    for trait, words in TRAITS.items():
        for word in words:
            text = f"a nucleus with {word} chromatin" if trait == "chromatin" else f"a {word} nucleus"
            asked["word", text] = fits(known, [word])
    asked |= {("left out", f"a {' '.join(words)} nucleus"): fits(known, words) for words in left_out}
    return {question: wanted for question, wanted in asked.items() if wanted.any()}


def retrieval_table(
    asked: Mapping[tuple[str, str], NDArray[np.bool_]], similarity: NDArray[np.floating]
) -> pd.DataFrame:
    """Average precision of each question.

    Parameters
    ----------
    asked : mapping
        `questions`, Q of them.
    similarity : (N, Q) float

    Returns
    -------
    DataFrame
        ``kind, question, wanted, chance, ap``; chance is the share of nuclei that are wanted.
    """
    rows = [
        (kind, text, int(wanted.sum()), wanted.mean(), average_precision(wanted, column))
        for ((kind, text), wanted), column in zip(asked.items(), similarity.T, strict=True)
    ]
    return pd.DataFrame(rows, columns=["kind", "question", "wanted", "chance", "ap"])
