"""Nuclei in words, for CLIP's text encoder.

"a label of [shape] cell nucleus located at [position] with [size] diameter" is the sentence of Guan et al. 2025 ("Graph
neural network classifier"). They don't say which words fill it; these are ours:

| | words |
|---|---|
| shape | irregular: fills less than 0.9 of its ellipse; else elongated: axes below 0.55; oval: below 0.75; round |
| position | the thirds of the image: top left, top, top right, left, centre, right, bottom left, bottom, bottom right |
| size | small: below 3.5 µm; medium: below 5 µm; large |

Ratios and diameters part the nuclei of CoNSeP's training tiles in thirds. Few words make few sentences, 108 at most, so
that each has to be encoded once only.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SHAPES = ("elongated", "oval", "round")
SIZES = ("small", "medium", "large")
POSITIONS = ("top left", "top", "top right", "left", "centre", "right", "bottom left", "bottom", "bottom right")
AXIS_RATIOS = (0.55, 0.75)
DIAMETERS_UM = (3.5, 5.0)
IRREGULAR_FILL = 0.9


def describe(measured: pd.DataFrame) -> list[str]:
    """One description a nucleus.

    Parameters
    ----------
    measured : DataFrame
        ``diameter_um``, ``axis_ratio``, ``fill``, ``y_rel`` and ``x_rel``, as `morphology` gives them.
    """
    shape = np.array(SHAPES)[np.digitize(measured["axis_ratio"], AXIS_RATIOS)]
    shape = np.where(measured["fill"] < IRREGULAR_FILL, "irregular", shape)
    row, column = (np.clip((3 * measured[name].to_numpy()).astype(int), 0, 2) for name in ("y_rel", "x_rel"))
    position = np.array(POSITIONS)[3 * row + column]
    size = np.array(SIZES)[np.digitize(measured["diameter_um"], DIAMETERS_UM)]
    return [
        f"a label of {s} cell nucleus located at {p} with {d} diameter"
        for s, p, d in zip(shape, position, size, strict=True)
    ]
