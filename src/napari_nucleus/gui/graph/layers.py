"""The panel's layers: nodes and edges of the nuclei that it looks at, and rings around a nucleus and its neighbours."""

from __future__ import annotations

import napari.viewer
import numpy as np
from napari.layers import Labels, Points, Vectors
from numpy.typing import NDArray

from napari_nucleus.app.graph.network import Network
from napari_nucleus.gui.layers.edges import add_edges, color_edges, edges_in, show_edges
from napari_nucleus.gui.layers.graph import add_nodes, color_nodes, show_nodes
from napari_nucleus.gui.layers.place import move, placement
from napari_nucleus.gui.layers.result import beside, owned_by

_RING_UM, _SELECTED_UM = 6.0, 8.0
_BORDER = 0.08  # of the ring
_RING = "#F0E442"
_MARK = "nucleus_neighbours"


class GraphLayers:
    """Nodes and edges of a layer of nuclei; those that its result has are used, missing ones are made."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer

    def show(self, network: Network, like: Labels) -> None:
        """Put a network into the layers; a layer that shows the same already isn't touched but for colours."""
        nuclei, active = network.nuclei, self._viewer.layers.selection.active
        edges, hidden = beside(self._viewer, like, "edges"), tuple[str, ...]()
        if isinstance(edges, Vectors):
            hidden = tuple(edges_in(edges).hidden)
            if edges_in(edges).graph is not network.graph:
                show_edges(edges, nuclei, network.graph, hidden)
            move(edges, placement(like))
        else:
            add_edges(
                self._viewer, nuclei, network.graph, name="edges", metadata=owned_by(like, "edges"), **placement(like)
            )
        nodes = self.nodes(like)
        if nodes is None:
            add_nodes(self._viewer, nuclei, name="nodes", metadata=owned_by(like, "nodes"), **placement(like))
        elif not _shows(nodes, network):
            show_nodes(nodes, nuclei, hidden)
        self._viewer.layers.selection.active = active or like

    def nodes(self, like: Labels) -> Points | None:
        """The nodes of a layer of nuclei."""
        layer = beside(self._viewer, like, "nodes")
        return layer if isinstance(layer, Points) else None

    def color_nodes(self, like: Labels, colors: NDArray[np.float32]) -> None:
        """Give each node its colour, (N, 4)."""
        nodes = self.nodes(like)
        if nodes is not None and len(colors) and len(nodes.data) == len(colors):
            color_nodes(nodes, colors)

    def color_edges(self, like: Labels, colors: NDArray[np.float32] | None) -> None:
        """Give each edge its colour, (E, 4)."""
        edges = beside(self._viewer, like, "edges")
        if isinstance(edges, Vectors):
            color_edges(edges, colors)


class Neighbours:
    """The layer ``neighbours``: a ring around the selected nucleus, and around each of its neighbours."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer
        self._shown: tuple[Network, list[int]] | None = None

    def show(self, network: Network, rows: list[int], like: Labels) -> None:
        """Ring nuclei by their rows, the selected one first; nothing is drawn anew where they are ringed already."""
        if self._shown is not None and self._shown[0] is network and self._shown[1] == rows and self._layer():
            return
        self._shown = network, rows
        size = np.full(len(rows), _RING_UM / network.nuclei.mpp)
        size[:1] = _SELECTED_UM / network.nuclei.mpp
        self._put(network.places[rows], size, like)

    def remove(self) -> None:
        """Take the layer away."""
        layer = self._layer()
        if layer is not None:
            self._viewer.layers.remove(layer)

    def _put(self, yx: NDArray[np.float64], size: NDArray[np.float64], like: Labels) -> None:
        layer, active = self._layer(), self._viewer.layers.selection.active
        if layer is None:  # made before anything is selected, for that takes longer than to fill it
            layer = self._viewer.add_points(
                np.empty((0, 2)),
                face_color="transparent",
                border_width=_BORDER,
                border_color=_RING,
                name="neighbours",
                metadata={_MARK: True},
                **placement(like),
            )
            self._viewer.layers.selection.active = active
        layer.selected_data = set()
        layer.data = yx
        move(layer, placement(like))
        if len(yx):
            layer.size, layer.border_width = size, _BORDER

    def _layer(self) -> Points | None:
        return next((layer for layer in self._viewer.layers if _MARK in layer.metadata), None)


def _shows(nodes: Points, network: Network) -> bool:
    """Whether nodes are those of a network already: to show them again would draw all of them anew."""
    table = network.nuclei.table
    return (
        len(nodes.data) == len(table)
        and np.array_equal(nodes.data, table[["y_px", "x_px"]])
        and np.array_equal(nodes.features["label"], table["label"])
        and np.array_equal(nodes.features["class"], table["class"])
    )
