"""What the Segment panel shows and the user can set, and the frozen orders made from it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import SignalGroupDescriptor

from napari_nucleus.app.region import Region
from napari_nucleus.core import Image, Progress
from napari_nucleus.graph import NucleusGraph
from napari_nucleus.io import as_rgb
from napari_nucleus.postprocess.thresholds import Thresholds

if TYPE_CHECKING:  # the package around it loads torch
    from napari_nucleus.inference.result import SegmentResult


@dataclass
class SegmentState:
    """The panel's state; each field emits ``events.<field>`` when it changes.

    Attributes
    ----------
    models : tuple of str
        The model, and those that its maps are averaged with; empty until the list is loaded.
    device : str
    mpp : float
        Pixel size in µm that the next run takes.
    mpp_source : str
        ``"file"``, ``"layer"``, ``"user"`` or ``"assumed"``.
    tta, keep_maps : bool
    extent : str
        ``"image"``, ``"view"`` or ``"shapes"``.
    thresholds : Thresholds
    hidden : frozenset of str
        Classes that are switched off.
    running : bool
    progress : Progress
    message : str
        The last thing to tell the user.
    """

    models: tuple[str, ...] = ()
    device: str = "auto"
    mpp: float = 0.25
    mpp_source: str = "assumed"
    tta: bool = False
    keep_maps: bool = True
    extent: str = "image"
    thresholds: Thresholds = field(default_factory=Thresholds)
    hidden: frozenset[str] = frozenset()
    running: bool = False
    progress: Progress = field(default_factory=lambda: Progress(0, 0))
    message: str = ""
    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    @property
    def passes(self) -> int:
        """How often a tile will go through a network: models times views."""
        return len(self.models) * (3 if self.tta else 1)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """An image as the view hands it over.

    Attributes
    ----------
    key : hashable
        Tells images apart.
    name : str
    pixels : array
        Full resolution; numpy or lazy, with anything that `as_rgb` takes.
    channels_last : bool
        The last axis holds RGB or RGBA, the two before it y and x; y and x are the last two otherwise.
    region : Region
    """

    key: Hashable
    name: str
    pixels: Any
    channels_last: bool
    region: Region

    def image(self) -> Image:
        """The region as an image; stays lazy where it is RGB already.

        Raises
        ------
        NucleusError
            The pixels are no image that can be segmented.
        """
        box = self.region
        window = (..., slice(box.y, box.y + box.height), slice(box.x, box.x + box.width))
        pixels = self.pixels[(*window, slice(None)) if self.channels_last else window]
        if pixels.ndim != 3 or pixels.shape[-1] != 3 or pixels.dtype != np.uint8:
            pixels = as_rgb(pixels)
        return Image((pixels,), name=self.name)


@dataclass(frozen=True, slots=True, eq=False)
class SegmentRequest:
    """One order: everything that the work needs, so that it never looks at the panel.

    Attributes
    ----------
    number : int
        Of the run; only the newest run's result counts.
    revision : int
        0 for a run of the network; above, the newest decoding of that run's maps counts.
    former : SegmentResult, optional
        For a decoding: the result whose maps are decoded anew.
    """

    number: int
    source: Source
    models: tuple[str, ...]
    device: str
    mpp: float
    mpp_source: str
    tta: bool
    keep_maps: bool
    thresholds: Thresholds
    revision: int = 0
    former: SegmentResult | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of a request: a result with its graph, or an error."""

    request: SegmentRequest
    result: SegmentResult | None = None
    graph: NucleusGraph | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What is to be shown of an image.

    Attributes
    ----------
    request : SegmentRequest
    result : SegmentResult
        With the nuclei that a person had changed.
    graph : NucleusGraph
    erased : (H, W) bool array or None
        What a person has erased so far.
    new_layer : bool
        The former nuclei can't be merged: they stay in their layer, and these need a new one.
    """

    request: SegmentRequest
    result: SegmentResult
    graph: NucleusGraph
    erased: NDArray[np.bool_] | None = None
    new_layer: bool = False
