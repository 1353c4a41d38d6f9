"""What a graph classifier reads of the nuclei of an image, and what lies around some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

PARTS = ("visual", "position", "text", "tissue")
"""What a node's numbers come from: the first three as in Guan et al. 2025, Table 9; the last is measured."""


@dataclass(frozen=True, eq=False)
class Nodes:
    """The nuclei of an image as nodes.

    Attributes
    ----------
    visual : (N, V) float32
        Mean of the network's last feature map over each nucleus.
    text : (N, T) float32
        Of its description; T may be 0.
    centroids_um : (N, 2) float64
        y and x.
    edges : (2, E) int64
        Rows of neighbours, each pair once.
    known : (N,) int64
        Numbers of classes that are known for certain, 0 for none.
    vote : (N, C) float32
        Logarithms of what the pixels say (`log_vote`).
    likeness : (N, C) float32
        Of the crop to the names of the classes (`name_likeness`); (N, 0) where it wasn't looked at.
    tissue : (N, S) float32
        Measured of the nucleus and of what lies around (`tissue_features`); S may be 0.
    """

    visual: NDArray[np.float32]
    text: NDArray[np.float32]
    centroids_um: NDArray[np.float64]
    edges: NDArray[np.int64]
    known: NDArray[np.int64]
    vote: NDArray[np.float32]
    likeness: NDArray[np.float32]
    tissue: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.visual)

    def around(self, rows: Sequence[int] | NDArray[np.int64], hops: int) -> NDArray[np.int64]:
        """Rows of some nodes and of all that are so many edges away or less, ascending."""
        reached = np.zeros(len(self), bool)
        front = np.asarray(rows, np.int64)
        reached[front] = True
        for _ in range(hops):
            near = self._adjacency[front].indices
            front = np.unique(near[~reached[near]])
            reached[front] = True
        return np.flatnonzero(reached)

    def only(self, rows: NDArray[np.int64]) -> Nodes:
        """Some nodes, and the edges among them."""
        new = np.full(len(self), -1, np.int64)
        new[rows] = np.arange(len(rows))
        edges = new[self.edges_of(rows)]
        edges = edges[:, (edges >= 0).all(0)]
        own = ("visual", "text", "centroids_um", "known", "vote", "likeness", "tissue")
        return replace(self, edges=edges, **{name: getattr(self, name)[rows] for name in own})

    def edges_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Edges that have an end among ``rows``, each once, (2, E)."""
        near = self._adjacency[rows]
        start = np.repeat(rows, np.diff(near.indptr))
        inside = np.isin(near.indices, rows)
        once = ~inside | (start < near.indices)
        return np.stack([start[once], near.indices[once]]).astype(np.int64)

    @cached_property
    def _adjacency(self) -> csr_array:
        start, end = np.concatenate([self.edges, self.edges[::-1]], 1)
        return csr_array((np.ones(len(start), bool), (start, end)), shape=(len(self), len(self)))
