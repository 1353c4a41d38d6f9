"""What a network sees in a nucleus beside what it sees all around.

Stains differ from slide to slide and shift all features of a region alike. Set against its surroundings a nucleus looks
more like one of its class elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

_AT_ONCE = 4096


def beside_surroundings(
    features: NDArray[np.float32], centroids_um: NDArray[np.float64], radius_um: float
) -> NDArray[np.float32]:
    """Features of nuclei less the mean of those within a radius, the nucleus itself among them.

    Parameters
    ----------
    features : (N, V) float32
    centroids_um : (N, 2) float
    radius_um : float
        0 leaves the features as they are.

    Returns
    -------
    (N, V) float32
    """
    if radius_um <= 0 or len(features) == 0:
        return features
    tree = cKDTree(centroids_um)
    beside = np.empty_like(features)
    for first in range(0, len(features), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        near = tree.query_ball_point(centroids_um[part], radius_um, workers=-1)
        number = np.array([len(found) for found in near])
        starts = np.concatenate([[0], np.cumsum(number)])
        shares = np.repeat(1 / number, number).astype(np.float32)
        mean = csr_array((shares, np.concatenate(near), starts), shape=(len(near), len(features))) @ features
        beside[part] = features[part] - mean
    return beside
