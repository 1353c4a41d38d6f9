"""Pixel sizes as files state them."""

from __future__ import annotations

import math

MICRONS = {
    "m": 1e6, "cm": 1e4, "mm": 1e3, "µm": 1.0, "nm": 1e-3, "pm": 1e-6, "å": 1e-4, "in": 25400.0,
    "meter": 1e6, "centimeter": 1e4, "millimeter": 1e3, "micron": 1.0, "microns": 1.0, "micrometer": 1.0, "um": 1.0,
    "nanometer": 1e-3, "inch": 25400.0, "inches": 25400.0,
}  # fmt: skip
"""Microns in each unit of length, by its name in lower case."""

_SMALLEST, _LARGEST = 0.05, 20.0


def plausible_mpp(x: float | None, y: float | None) -> float | None:
    """The pixel size, if a microscope may have taken it.

    Many programs write 72, 96 or 1 dot per inch where they know nothing: sizes outside 0.05..20 µm, and pixels that
    are not nearly square, are taken as unknown.

    Parameters
    ----------
    x, y : float or None
        Width and height of a pixel in µm.

    Returns
    -------
    float or None
        The mean of both, in µm.

    Examples
    --------
    >>> plausible_mpp(0.25, 0.25)
    0.25
    >>> plausible_mpp(25400 / 72, 25400 / 72) is None
    True
    """
    if x is None or y is None or not math.isclose(x, y, rel_tol=0.05):
        return None
    mpp = (x + y) / 2
    return mpp if _SMALLEST <= mpp <= _LARGEST else None
