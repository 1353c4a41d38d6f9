"""What `segment` returns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import FlowMaps, HoverMaps, NucleusMap


@dataclass(frozen=True, slots=True, eq=False)
class SegmentResult:
    """The nuclei of one image.

    Attributes
    ----------
    nuclei : NucleusMap
        At the image's own size and mpp.
    maps : HoverMaps, FlowMaps or None
        The maps that they were decoded from, at the image's size; None when not kept.
    seconds : dict
        Time spent: ``network``, ``decode``.
    notes : tuple of str
        What the user should know: an assumed pixel size, a halved batch.
    disagreement : (H, W) float32 or None
        How far the members of an ensemble (models, views) differ in the type of each pixel, in [0, 1]; kept with the
        maps, None where there is but one member.
    passes : int
        How often each tile went through a network: what the result cost against a single pass.
    """

    nuclei: NucleusMap
    maps: HoverMaps | FlowMaps | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    disagreement: NDArray[np.float32] | None = None
    passes: int = 1
