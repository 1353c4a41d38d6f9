"""From nuclei to a graph: one builder a mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_nucleus.core import NucleusError, NucleusMap


@dataclass(frozen=True, slots=True, eq=False)
class NucleusGraph:
    """Neighbours among nuclei; an edge has no direction and occurs once.

    Attributes
    ----------
    edges : (2, E) int64
        Labels of the two nuclei of each edge, the smaller one first.
    lengths_um : (E,) float64
        Distance between their centroids in µm.
    """

    edges: NDArray[np.int64]
    lengths_um: NDArray[np.float64]

    def __len__(self) -> int:
        return self.edges.shape[1]


def build_graph(nuclei: NucleusMap, method: str = "knn", k: int = 5) -> NucleusGraph:
    """Connect nuclei that are neighbours.

    Parameters
    ----------
    nuclei : NucleusMap
    method : str
        ``"knn"``: each nucleus with its ``k`` nearest ones, by centroid; two nuclei are connected where either is among
        the nearest of the other.
    k : int
        At least 1. Where there are fewer other nuclei, all of them.

    Raises
    ------
    NucleusError
        The method is not known, or ``k`` is below 1.
    """
    if method not in _PAIRS:
        raise NucleusError(f"Expected a graph method ({', '.join(_PAIRS)}), got {method!r}. Choose one of those.")
    if k < 1:
        raise NucleusError(f"Expected at least 1 neighbour, got k={k}. Give a whole number from 1.")
    centroids = nuclei.table[["y_um", "x_um"]].to_numpy(np.float64)
    labels = nuclei.table["label"].to_numpy(np.int64)
    rows = _PAIRS[method](centroids, k)
    edges = np.sort(labels[rows], axis=0)
    lengths = np.linalg.norm(centroids[rows[0]] - centroids[rows[1]], axis=1)
    return NucleusGraph(edges, lengths)


def _nearest(centroids: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Rows of each pair in which one is among the ``k`` nearest of the other, (2, E)."""
    n = len(centroids)
    k = min(k, n - 1)
    if k < 1:
        return np.empty((2, 0), np.int64)
    # One more than wanted: a nucleus finds itself, though not first where another lies on the same spot.
    _, found = cKDTree(centroids).query(centroids, k + 1)
    itself = found == np.arange(n)[:, None]
    itself[~itself.any(1), -1] = True
    near = found[~itself].reshape(n, k)
    pairs = np.sort(np.stack([np.repeat(np.arange(n), k), near.ravel()]), axis=0)
    once = np.unique(pairs[0] * n + pairs[1])
    return np.stack([once // n, once % n])


_PAIRS: dict[str, Callable[[NDArray[np.float64], int], NDArray[np.int64]]] = {"knn": _nearest}
