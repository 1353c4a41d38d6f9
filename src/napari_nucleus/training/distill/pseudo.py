"""Pseudo-labels: in images that nobody has annotated, the nuclei that the teacher finds stand in for labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, FlowMaps, HoverMaps, NucleusMap
from napari_nucleus.postprocess.decoding import decode
from napari_nucleus.postprocess.thresholds import Thresholds
from napari_nucleus.training.data import TrainingImage
from napari_nucleus.training.data.store import Entry

Decode = Callable[[NDArray[np.floating]], NucleusMap]


def with_nuclei(entry: Entry, answer: NDArray[np.floating], decoded: Decode) -> Entry:
    """An image without labels as one that has them.

    Parameters
    ----------
    entry : Entry
        Of the image as it is.
    answer : (H, W, K) float
        `Teacher.answer` to it.
    decoded : callable
        Makes nuclei of such an answer.
    """

    def read() -> TrainingImage:
        nuclei = decoded(answer)
        typed = any(str(column).startswith("p_") for column in nuclei.table)
        return replace(entry.read(), labels=nuclei.labels, types=nuclei.type_map() if typed else None, targets={})

    return replace(entry, read=read, nuclei=read().nuclei())


def told_nuclei(
    answer: NDArray[np.floating], vector: str, classes: ClassScheme, thresholds: Thresholds, mpp: float
) -> NucleusMap:
    """The nuclei in what a teacher says of each pixel.

    Parameters
    ----------
    answer : (H, W, K) float
        `Teacher.answer`.
    vector : {"hv", "flow"}
        What its second and third plane are.
    classes : ClassScheme
        Of the planes behind them, where there are any.
    thresholds : Thresholds
    mpp : float
        Pixel size in µm.

    Returns
    -------
    NucleusMap
        Of the scheme ``nucleus`` where the teacher doesn't teach types.
    """
    planes = np.moveaxis(np.asarray(answer, np.float32), -1, 0)
    inside = 1 / (1 + np.exp(-planes[0]))
    types = None
    if len(planes) > 3:
        likely = np.exp(planes[3:] - planes[3:].max(0))
        types = likely / likely.sum(0)
    maps: HoverMaps | FlowMaps
    if vector == "flow":
        maps = FlowMaps(flow=planes[1:3], prob=inside, type_prob=types, mpp=mpp)
    else:
        maps = HoverMaps(np_prob=inside, hv=planes[1:3], type_prob=types, mpp=mpp)
    return decode(maps, classes, thresholds)
