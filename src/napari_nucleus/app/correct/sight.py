"""What a model sees in an image that is corrected: maps for proposals, features to learn from."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.segment import SegmentSteps, segment_steps
from napari_nucleus.core import HoverMaps, Image, NucleusMap, Progress

MODEL = "default"
_MOST_PIXELS = 64_000_000  # of maps that are kept: 32 bytes a pixel


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What a model sees.

    Attributes
    ----------
    maps : HoverMaps or None
        None where the image is too large for them.
    features : (N, D) float32
        Of the nuclei, in the order of their table.
    """

    maps: HoverMaps | None
    features: NDArray[np.float32]


def look(image: Image, nuclei: NucleusMap, steps: SegmentSteps = segment_steps) -> Generator[Progress, None, Sight]:
    """Let the model look at an image, in steps; takes as long as segmenting it, twice.

    Raises
    ------
    NucleusError
        The image can't be read.
    """
    maps = None
    if np.prod(image.shape) <= _MOST_PIXELS:
        result = yield from steps(image, MODEL, mpp=image.mpp or nuclei.mpp)
        maps = result.maps if isinstance(result.maps, HoverMaps) else None
    yield Progress(0, 0, "looking at each nucleus")
    from napari_nucleus.inference import nucleus_features

    return Sight(maps, nucleus_features(image, nuclei, MODEL))
