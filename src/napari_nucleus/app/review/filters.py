"""Which nuclei a review visits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.review.items import ReviewItems


@dataclass(frozen=True, slots=True, eq=False)
class ReviewFilter:
    """A choice among the nuclei of a review; None is no limit.

    Attributes
    ----------
    images : set of int or None
    classes : set of int or None
        As the nuclei stand by now.
    region : tuple of (y, x) or None
        Corners of a polygon, in µm, in the chosen images; two are those of a box.
    among : (N,) bool or None
        Any other choice, such as nuclei of one provenance.
    """

    images: frozenset[int] | None = None
    classes: frozenset[int] | None = None
    region: tuple[tuple[float, float], ...] | None = None
    among: NDArray[np.bool_] | None = None

    def rows(self, items: ReviewItems, classes: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Which nuclei (N,) it lets pass; ``classes`` as they stand by now."""
        chosen = np.ones(len(items), bool) if self.among is None else self.among.copy()
        if self.images is not None:
            chosen &= np.isin(items.image, list(self.images))
        if self.classes is not None:
            chosen &= np.isin(classes, list(self.classes))
        if self.region is not None:
            chosen &= _inside(self.region, items)
        return chosen


def _inside(region: tuple[tuple[float, float], ...], items: ReviewItems) -> NDArray[np.bool_]:
    from skimage.measure import points_in_poly

    corners = np.asarray(region, np.float64)
    if len(corners) == 2:
        (y0, x0), (y1, x1) = corners.min(0), corners.max(0)
        return (items.y >= y0) & (items.y <= y1) & (items.x >= x0) & (items.x <= x1)
    return np.asarray(points_in_poly(np.stack([items.y, items.x], 1), corners), bool)
