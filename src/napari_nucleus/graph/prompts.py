"""Nuclei in words, for a CLIP's text encoder.

"a label of [shape] cell nucleus located at [position] with [size] diameter" is the sentence of Guan et al. 2025 ("Graph
neural network classifier"). They don't say which words fill it; `napari_nucleus.graph.words` says which do here, and
where one ends and the next begins. The richer sentence adds stain, chromatin and company, and names the class where it
is known:

    a small, round, dark epithelial nucleus with coarse chromatin, crowded, at the top left

Few words make few sentences, so that each has to be encoded once only: 108 of the former, 324 of the latter without
position and class.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from napari_nucleus.core import NucleusError
from napari_nucleus.graph.words import CHROMATIN, COMPANY, SIZE, STAIN, positions, shapes

STYLES = ("guan", "rich")


def describe(measured: pd.DataFrame, style: str = "guan", *, position: bool = True) -> list[str]:
    """One description a nucleus.

    Parameters
    ----------
    measured : DataFrame
        As `morphology` gives it. The sentence of Guan et al. needs ``diameter_um``, ``axis_ratio``, ``fill``, ``y_rel``
        and ``x_rel``; the richer one ``neighbours``, too. It tells of stain and chromatin where an image was given, and
        of the class where there is a column ``class``.
    style : str
        ``guan`` or ``rich``.
    position : bool
        Say where in the image the nucleus lies. Without it, descriptions don't change when the image is flipped.

    Raises
    ------
    NucleusError
        There is no such style.
    """
    if style == "guan":
        return _guan(measured, position)
    if style == "rich":
        return _rich(measured, position)
    raise NucleusError(f"Expected a style out of {', '.join(STYLES)}, got {style!r}. Choose one of those.")


def _guan(measured: pd.DataFrame, position: bool) -> list[str]:
    places: Iterable[str] = (f" located at {p}" for p in positions(measured)) if position else [""] * len(measured)
    rows = zip(shapes(measured), places, SIZE.read(measured), strict=True)
    return [f"a label of {shape} cell nucleus{place} with {size} diameter" for shape, place, size in rows]


def _rich(measured: pd.DataFrame, position: bool) -> list[str]:
    stained = "haematoxylin" in measured
    n = len(measured)
    stains = [f", {word}" for word in STAIN.read(measured)] if stained else [""] * n
    chromatin = [f" with {word} chromatin" for word in CHROMATIN.read(measured)] if stained else [""] * n
    classes = (
        [f" {name}" if name != "unknown" else "" for name in measured["class"]] if "class" in measured else [""] * n
    )
    places = [f", at the {word}" for word in positions(measured)] if position else [""] * n
    rows = zip(
        SIZE.read(measured), shapes(measured), stains, classes, chromatin, COMPANY.read(measured), places, strict=True
    )
    return [
        f"a {size}, {shape}{stain}{kind} nucleus{texture}, {company}{place}"
        for size, shape, stain, kind, texture, company, place in rows
    ]
