"""Descriptions to learn from: parts of what is known of a nucleus, said in changing ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.graph.traits import TRAITS
from napari_nucleus.graph.words import COMPANY, POSITIONS

UNKNOWN = -1
"""In place of a number: a class that isn't known, or a trait that isn't said."""

_SAID = (0.55, 0.55, 0.5, 0.35, 0.6)  # chance of each trait, and of the class
_NOUNS = ("nucleus", "nucleus", "cell nucleus", "nuclei")


class Captions:
    """Draws descriptions.

    Parameters
    ----------
    classes : sequence of str
    words : mapping
        What the nuclei of a class are called; its own name where that isn't told.
    """

    def __init__(self, classes: Sequence[str], words: Mapping[str, Sequence[str]]) -> None:
        self._called = [tuple(words.get(name, (name,))) for name in classes]

    def draw(self, known: NDArray[np.int64], rng: np.random.Generator) -> tuple[str, NDArray[np.int64]]:
        """A description of a nucleus, and what it says.

        Parameters
        ----------
        known : (5,) int64
            `traits` and number of the class, or `UNKNOWN`.
        rng : numpy Generator

        Returns
        -------
        text : str
        said : (5,) int64
            As ``known``, `UNKNOWN` where nothing is said.
        """
        way = rng.random()
        if way < 0.1:
            return self._sentence_of_guan(known, rng)
        said = np.where(rng.random(len(known)) < _SAID, known, UNKNOWN)
        if (said == UNKNOWN).all():
            said[0] = known[0]
        return (self._sentence if way < 0.75 else self._keywords)(said, rng), said

    def _sentence(self, said: NDArray[np.int64], rng: np.random.Generator) -> str:
        *adjectives, chromatin, kind = self._words(said, rng)
        adjectives = [word for word in adjectives if word]
        rng.shuffle(adjectives)
        comma = ", " if rng.random() < 0.4 else " "
        parts = [comma.join(adjectives), kind, str(rng.choice(_NOUNS))]
        text = "a " + " ".join(part for part in parts if part)
        text += f" with {chromatin} chromatin" if chromatin else ""
        # What the picture can't show is there to be passed over.
        text += f", {rng.choice(COMPANY.words)}" if rng.random() < 0.15 else ""
        text += f", at the {rng.choice(POSITIONS)}" if rng.random() < 0.15 else ""
        return text

    def _keywords(self, said: NDArray[np.int64], rng: np.random.Generator) -> str:
        words = [word for word in self._words(said, rng) if word]
        rng.shuffle(words)
        return " ".join([*words, "nucleus"] if rng.random() < 0.7 else words)

    def _sentence_of_guan(self, known: NDArray[np.int64], rng: np.random.Generator) -> tuple[str, NDArray[np.int64]]:
        said = np.array([*known[:2], *[UNKNOWN] * (len(known) - 2)])
        size, shape, *_ = self._words(said, rng)
        place = f" located at {rng.choice(POSITIONS)}" if rng.random() < 0.5 else ""
        return f"a label of {shape} cell nucleus{place} with {size} diameter", said

    def _words(self, said: NDArray[np.int64], rng: np.random.Generator) -> list[str]:
        """Words of size, shape, stain, chromatin and class, empty where nothing is said."""
        words = ["" if n == UNKNOWN else names[n] for n, names in zip(said, TRAITS.values(), strict=False)]
        return [*words, "" if said[-1] == UNKNOWN else str(rng.choice(self._called[said[-1]]))]


def matching(known: NDArray[np.int64], said: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which descriptions fit which nuclei, (N, T), and of which pairs that is known.

    Parameters
    ----------
    known : (N, 5) int64
        Traits and class of nuclei; the class may be `UNKNOWN`.
    said : (T, 5) int64
        What descriptions say.
    """
    fits = ((known[:, None] == said) | (said == UNKNOWN)).all(2)
    told = (known[:, None, -1] != UNKNOWN) | (said[:, -1] == UNKNOWN)
    return fits, told
