"""What `segment` is asked and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_nucleus.core import FlowMaps, HoverMaps, NucleusMap


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What turns maps into nuclei; each may be changed without running the network again.

    Attributes
    ----------
    np_threshold : float
        A pixel is nucleus where its NP probability is at least this.
    marker_threshold : float
        A pixel may seed a nucleus where its HV gradient is below this.
    min_area_um2 : float
        Smaller nuclei are dropped, in µm².
    """

    np_threshold: float = 0.5
    marker_threshold: float = 0.4
    min_area_um2: float = 1.5


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
