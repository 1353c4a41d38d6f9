"""How close a nucleus's neighbours are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

_NEAREST = 5
CROWD_UM = 25.0


def crowding(centroids: NDArray[np.float64]) -> pd.DataFrame:
    """Distances and numbers of neighbours of centroids (N, 2), in µm.

    Returns
    -------
    DataFrame
        ``nearest_um``, distance to the nearest other nucleus; ``mean_nearest_um``, mean of those to the five nearest;
        ``neighbours``, how many lie within 25 µm. NaN where there is no other nucleus.
    """
    n = len(centroids)
    near = np.full((n, 1), np.nan)
    counts = np.zeros(n, np.int64)
    if n > 1:
        tree = cKDTree(centroids)
        near = np.sort(tree.query(centroids, min(n, 1 + _NEAREST))[0], axis=1)[:, 1:]
        counts = tree.query_ball_point(centroids, CROWD_UM, return_length=True) - 1
    return pd.DataFrame({"nearest_um": near[:, 0] if n else [], "mean_nearest_um": near.mean(1), "neighbours": counts})
