"""What `segment` returns."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    """

    nuclei: NucleusMap
    maps: HoverMaps | FlowMaps | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
