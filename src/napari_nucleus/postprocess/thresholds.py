"""The numbers that turn maps into nuclei."""

from __future__ import annotations

from dataclasses import dataclass


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
