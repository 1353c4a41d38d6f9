"""The nuclei of a layer, measured and connected: what everything in the panel starts from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.app.evaluate_state import LayerSource
from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph import NucleusGraph, build_graph, describe, morphology


@dataclass(frozen=True, slots=True)
class Wiring:
    """How nuclei are connected.

    Attributes
    ----------
    method : str
        ``"knn"``, ``"radius"`` or ``"delaunay"``.
    k : int
    radius_um, longest_um : float
    """

    method: str = "knn"
    k: int = 5
    radius_um: float = 15.0
    longest_um: float = 40.0


class Neighbour(NamedTuple):
    """A neighbour of a nucleus."""

    label: int
    kind: str
    distance_um: float


@dataclass(frozen=True, eq=False)
class Network:
    """Nuclei with their neighbours and measurements.

    Attributes
    ----------
    source : LayerSource
        What they were made from.
    nuclei : NucleusMap
    graph : NucleusGraph
    measured : DataFrame
        Of `morphology`, indexed by label.
    pixels : (H, W, 3) uint8 or None
        The image that they lie in.
    wiring : Wiring
    """

    source: LayerSource
    nuclei: NucleusMap
    graph: NucleusGraph
    measured: pd.DataFrame
    pixels: NDArray[np.uint8] | None
    wiring: Wiring

    def lies_like(self, source: LayerSource, pixels: NDArray[np.uint8] | None, wiring: Wiring) -> bool:
        """Whether a layer has the same outlines in the same image, to be connected in the same way."""
        return (
            self.wiring == wiring
            and self.source.mpp == source.mpp
            and np.array_equal(self.source.labels, source.labels)
            and _same_pixels(self.pixels, pixels)
        )

    def is_classed_like(self, source: LayerSource) -> bool:
        """Whether a layer says the same of each nucleus."""
        return self.source.scheme == source.scheme and self.source.features.equals(source.features)

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """The edges as rows of the table, (2, E)."""
        return self.graph.rows(self.nuclei.table["label"])

    @cached_property
    def degree(self) -> NDArray[np.int64]:
        """Neighbours of each nucleus, (N,)."""
        return np.bincount(self.ends.ravel(), minlength=len(self.nuclei))

    @cached_property
    def kinds(self) -> NDArray[np.int64]:
        """Class number of each nucleus, (N,); 0 where it is unknown."""
        return self.nuclei.class_numbers

    @cached_property
    def places(self) -> NDArray[np.float64]:
        """Centroids in pixels, y and x, (N, 2)."""
        return self.nuclei.table[["y_px", "x_px"]].to_numpy(np.float64)

    @cached_property
    def labels(self) -> pd.Index:
        """Labels in the order of the table."""
        return pd.Index(self.nuclei.table["label"].to_numpy(np.int64))

    def row(self, label: int) -> int:
        """Row of a nucleus; -1 where there is none of that label."""
        return int(self.labels.get_indexer(pd.Index([label]))[0])

    def neighbours(self, label: int) -> list[Neighbour]:
        """Neighbours of a nucleus, the nearest first."""
        one, other = self.ends
        row, found = self.row(label), []
        for own, others in ((one, other), (other, one)):
            which = np.flatnonzero(own == row)
            found += list(zip(others[which].tolist(), self.graph.lengths_um[which].tolist(), strict=True))
        name_of = self.nuclei.scheme.name_of
        near = (Neighbour(int(self.labels[other]), name_of(int(self.kinds[other])), um) for other, um in found)
        return sorted(near, key=lambda each: each.distance_um)

    def description(self, label: int) -> str:
        """A nucleus in words."""
        return describe(self.measured.iloc[[self.row(label)]], style="rich")[0]

    def at(self, y: float, x: float, reach_um: float = 4.0) -> int | None:
        """Label of the nucleus at a place in pixels, or of the nearest centroid within reach."""
        labels = self.nuclei.labels
        inside = 0 <= round(y) < labels.shape[0] and 0 <= round(x) < labels.shape[1]
        if inside and labels[round(y), round(x)]:
            return int(labels[round(y), round(x)])
        if not len(self.nuclei):
            return None
        apart = np.hypot(*(self.places - (y, x)).T)
        nearest = int(apart.argmin())
        return int(self.labels[nearest]) if apart[nearest] * self.nuclei.mpp <= reach_um else None


def _same_pixels(one: NDArray[np.uint8] | None, other: NDArray[np.uint8] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def build_network(source: LayerSource, pixels: NDArray[np.uint8] | None, wiring: Wiring) -> Network:
    """Connect and measure the nuclei of a layer.

    Raises
    ------
    NucleusError
        The layer's labels aren't those of nuclei, or the graph would be too large.
    """
    nuclei = source.nuclei()
    if not np.isfinite(nuclei.mpp) or nuclei.mpp <= 0:
        raise NucleusError(f"Expected a pixel size above 0, got {nuclei.mpp}. Set the image's pixel size.")
    graph = build_graph(nuclei, wiring.method, wiring.k, radius_um=wiring.radius_um, longest_um=wiring.longest_um)
    return Network(source, nuclei, graph, morphology(nuclei, pixels), pixels, wiring)
