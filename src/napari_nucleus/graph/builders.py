"""Who is a neighbour of whom: builders from centroids to edges, each a small class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay as Triangulation
from scipy.spatial import QhullError, cKDTree

from napari_nucleus.core import NucleusError

# Centroids are fractions: distances that differ by rounding alone are taken for equal.
_ROUNDING = 1e-9
# So many that are as near as the last of the nearest count, too; more only lie on top of each other.
_TIES = 4
_MOST_EDGES = 50_000_000


class GraphBuilder(Protocol):
    """Connects points."""

    def __call__(self, centroids: NDArray[np.float64]) -> NDArray[np.int64]:
        """Rows of each connected pair, (2, E), the smaller one first, each pair once, of centroids (N, 2) in µm."""


@dataclass(frozen=True, slots=True)
class KNearest:
    """Each with its ``k`` nearest; two are connected where either is among the nearest of the other (Guan et al.: 5).

    Those that lie as far away as the last of the nearest are neighbours, too, so that mirroring or shifting an image
    changes nothing.
    """

    k: int = 5

    def __post_init__(self) -> None:
        if self.k < 1:
            raise NucleusError(f"Expected at least 1 neighbour, got k={self.k}. Give a whole number from 1.")

    def __call__(self, centroids: NDArray[np.float64]) -> NDArray[np.int64]:
        """Edges of centroids (N, 2); where there are no ``k`` others, to all others."""
        n = len(centroids)
        k = min(self.k, n - 1)
        if k < 1:
            return np.empty((2, 0), np.int64)
        distance, found = cKDTree(centroids).query(centroids, min(n, k + 1 + _TIES), workers=-1)
        # A nucleus finds itself, though not first where another lies on the same spot.
        distance[found == np.arange(n)[:, None]] = -1
        order = np.argsort(distance, axis=1, kind="stable")
        distance, found = (np.take_along_axis(a, order, 1)[:, 1:] for a in (distance, found))
        near = distance <= distance[:, k - 1 : k] * (1 + _ROUNDING)
        return _once(np.stack([np.nonzero(near)[0], found[near]]), n)


@dataclass(frozen=True, slots=True)
class Radius:
    """Each with all within ``radius_um``."""

    radius_um: float = 15.0

    def __post_init__(self) -> None:
        _check_length("radius_um", self.radius_um)

    def __call__(self, centroids: NDArray[np.float64]) -> NDArray[np.int64]:
        """Edges of centroids (N, 2)."""
        if len(centroids) < 2:
            return np.empty((2, 0), np.int64)
        tree = cKDTree(centroids)
        reach = self.radius_um * (1 + _ROUNDING)
        pairs = (int(tree.count_neighbors(tree, reach)) - len(centroids)) // 2
        if pairs > _MOST_EDGES:
            raise NucleusError(
                f"Expected at most {_MOST_EDGES:,} edges, got {pairs:,} within {self.radius_um:g} µm. Take a smaller "
                "radius_um."
            )
        return _once(tree.query_pairs(reach, output_type="ndarray").T.astype(np.int64), len(centroids))


@dataclass(frozen=True, slots=True)
class Delaunay:
    """Those whose Voronoi cells touch, unless they are further apart than ``longest_um``.

    Nuclei on one spot share the neighbours of one of them, and are connected with it.
    """

    longest_um: float = 40.0

    def __post_init__(self) -> None:
        _check_length("longest_um", self.longest_um)

    def __call__(self, centroids: NDArray[np.float64]) -> NDArray[np.int64]:
        """Edges of centroids (N, 2)."""
        if len(centroids) < 2:
            return np.empty((2, 0), np.int64)
        # As complex numbers the points sort at once; those on one spot are told apart by their first.
        _, first, spot = np.unique(centroids @ (1, 1j), return_index=True, return_inverse=True)
        twins = np.stack([first[spot], np.arange(len(centroids))])
        sides = first[_triangle_sides(centroids[first])]
        pairs = np.concatenate([sides, twins[:, twins[0] != twins[1]]], axis=1)
        apart = np.linalg.norm(centroids[pairs[0]] - centroids[pairs[1]], axis=1)
        return _once(pairs[:, apart <= self.longest_um * (1 + _ROUNDING)], len(centroids))


def _triangle_sides(spots: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sides of the triangles between different points, (2, S), each once; on one line, each with the next."""
    try:
        mesh = Triangulation(spots - spots.mean(0))
    except (QhullError, ValueError):  # fewer than three, or all on one line; sorted as they are, that is its order
        rows = np.arange(len(spots))
        return np.stack([rows[:-1], rows[1:]])
    corners, across = mesh.simplices, mesh.neighbors
    number = np.arange(len(corners))
    sides = []
    for k in range(3):  # the side opposite of corner k belongs to the triangle across, too, or to the rim
        own = (across[:, k] < 0) | (number < across[:, k])
        sides.append(np.delete(corners, k, axis=1)[own])
    return np.concatenate(sides).T.astype(np.int64)


def _once(pairs: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Each pair once, the smaller row first."""
    code = np.sort(np.minimum(pairs[0], pairs[1]) * n + np.maximum(pairs[0], pairs[1]))
    once = code[np.concatenate([[True], code[1:] != code[:-1]])] if len(code) else code
    return np.stack([once // n, once % n])


def _check_length(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise NucleusError(f"Expected {name} above 0 µm, got {value}. Give a length in µm.")
