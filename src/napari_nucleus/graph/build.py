"""From nuclei to a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph.builders import Delaunay, GraphBuilder, KNearest, Radius

if TYPE_CHECKING:
    from torch_geometric.data import Data


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

    def rows(self, labels: ArrayLike) -> NDArray[np.int64]:
        """The edges as positions in a list of labels, (2, E); every nucleus of an edge must be in it."""
        ids = np.asarray(labels, np.int64)
        order = np.argsort(ids)
        rows: NDArray[np.int64] = order[np.searchsorted(ids[order], self.edges)]
        return rows

    def to_pyg(self, nuclei: NucleusMap, features: ArrayLike | None = None) -> Data:
        """The graph for torch_geometric, both directions of each edge.

        Parameters
        ----------
        nuclei : NucleusMap
            Those that the graph was built of; nodes are in the order of its table.
        features : (N, F) floats, optional

        Returns
        -------
        torch_geometric.data.Data
            ``x`` (N, F) float32; ``edge_index`` (2, 2·E) int64; ``edge_attr`` (2·E, 1) float32, lengths in µm; ``pos``
            (N, 2) float32, x and y in µm; ``y`` (N,) int64, class numbers, 0 = unknown; ``label`` (N,) int64.
        """
        import torch
        from torch_geometric.data import Data

        table = nuclei.table
        edges = torch.from_numpy(self.rows(table["label"]))
        lengths = torch.from_numpy(self.lengths_um.astype(np.float32))
        given = np.empty((len(table), 0)) if features is None else features
        return Data(
            x=torch.tensor(np.asarray(given), dtype=torch.float32),
            edge_index=torch.cat([edges, edges.flip(0)], 1),
            edge_attr=torch.cat([lengths, lengths])[:, None],
            pos=torch.from_numpy(np.array(table[["x_um", "y_um"]], np.float32)),
            y=torch.tensor(nuclei.class_numbers),
            label=torch.tensor(table["label"].to_numpy(np.int64)),
        )


def build_graph(
    nuclei: NucleusMap,
    method: str | GraphBuilder = "knn",
    k: int = 5,
    *,
    radius_um: float = 15.0,
    longest_um: float = 40.0,
) -> NucleusGraph:
    """Connect nuclei that are neighbours, by their centroids.

    A slide's nuclei are connected as a whole, however many tiles they were found in: no edge ends at a tile's border.

    Parameters
    ----------
    nuclei : NucleusMap
    method : str or GraphBuilder
        ``"knn"``: each with its ``k`` nearest (`KNearest`); ``"radius"``: with all within ``radius_um`` (`Radius`);
        ``"delaunay"``: with those whose Voronoi cells touch its own, up to ``longest_um`` (`Delaunay`); or any callable
        from centroids (N, 2) in µm to rows of pairs (2, E).
    k : int
        At least 1. Where there are fewer other nuclei, all of them.
    radius_um, longest_um : float
        In µm.

    Raises
    ------
    NucleusError
        The method is not known, or its parameter is not above 0.
    """
    builder = _builder(method, k, radius_um, longest_um) if isinstance(method, str) else method
    centroids = nuclei.table[["y_um", "x_um"]].to_numpy(np.float64)
    rows = builder(centroids)
    edges = np.sort(nuclei.table["label"].to_numpy(np.int64)[rows], axis=0)
    lengths = np.linalg.norm(centroids[rows[0]] - centroids[rows[1]], axis=1)
    return NucleusGraph(edges, lengths)


def _builder(method: str, k: int, radius_um: float, longest_um: float) -> GraphBuilder:
    if method == "knn":
        return KNearest(k)
    if method == "radius":
        return Radius(radius_um)
    if method == "delaunay":
        return Delaunay(longest_um)
    raise NucleusError(f"Expected a graph method (knn, radius, delaunay), got {method!r}. Choose one of those.")
