"""The words that measurements are put into, and where one ends and the next begins.

| | words, from the low end to the high one | measured |
|---|---|---|
| size | small, from 3.5 µm medium, from 5 µm large | diameter of the circle of the same area |
| shape | elongated, from 0.55 oval, from 0.75 round | shorter to longer axis |
| dents | irregular, whatever its axes; from 0.9 regular, which isn't said | area over that of the ellipse |
| stain | pale, from 0.25 grey, from 0.38 dark | mean optical density of haematoxylin (decadic) |
| chromatin | smooth, from 0.043 even, from 0.067 coarse | steps of that density from pixel to pixel |
| company | isolated, from 20 scattered, from 36 crowded | neighbours within 25 µm |

They part the nuclei of CoNSeP's training tiles in thirds, nearly; irregular is the tenth with the deepest dents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scale:
    """Words for a measurement, from its low to its high end.

    Attributes
    ----------
    column : str
        Of `morphology`.
    words : tuple of str
        One more than edges.
    edges : tuple of float
    """

    column: str
    words: tuple[str, ...]
    edges: tuple[float, ...]

    def read(self, measured: pd.DataFrame) -> NDArray[np.str_]:
        """The word of each nucleus, (N,)."""
        return np.array(self.words)[np.digitize(measured[self.column], self.edges)]

    def fit(self, measured: pd.DataFrame, word: str) -> NDArray[np.float64]:
        """How well a word fits each nucleus, (N,) in [0, 1]: 0.5 at its edges, and from there on by degrees."""
        place = self.words.index(word)
        values = measured[self.column].to_numpy(np.float64)
        softness = (self.edges[-1] - self.edges[0]) / 4 if len(self.edges) > 1 else abs(self.edges[0]) / 20
        above = _rising((values - self.edges[place - 1]) / softness) if place else 1.0
        below = _rising((self.edges[place] - values) / softness) if place < len(self.edges) else 1.0
        return np.nan_to_num(np.minimum(above, below) * np.ones(len(values)))


def _rising(x: NDArray[np.float64]) -> NDArray[np.float64]:
    rise: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(x, -50, 50)))
    return rise


SIZE = Scale("diameter_um", ("small", "medium", "large"), (3.5, 5.0))
SHAPE = Scale("axis_ratio", ("elongated", "oval", "round"), (0.55, 0.75))
DENT = Scale("fill", ("irregular", "regular"), (0.9,))
STAIN = Scale("haematoxylin", ("pale", "grey", "dark"), (0.25, 0.38))
CHROMATIN = Scale("haematoxylin_contrast", ("smooth", "even", "coarse"), (0.043, 0.067))
COMPANY = Scale("neighbours", ("isolated", "scattered", "crowded"), (20.0, 36.0))

SCALES = (SIZE, SHAPE, DENT, STAIN, CHROMATIN, COMPANY)

POSITIONS = ("top left", "top", "top right", "left", "centre", "right", "bottom left", "bottom", "bottom right")


def shapes(measured: pd.DataFrame) -> NDArray[np.str_]:
    """Elongated, oval or round, or irregular whatever its axes."""
    return np.where(DENT.read(measured) == "irregular", "irregular", SHAPE.read(measured))


def positions(measured: pd.DataFrame) -> NDArray[np.str_]:
    """The ninth of the image that the centroid lies in."""
    row, column = (np.clip((3 * measured[name].to_numpy()).astype(int), 0, 2) for name in ("y_rel", "x_rel"))
    return np.array(POSITIONS)[3 * row + column]
