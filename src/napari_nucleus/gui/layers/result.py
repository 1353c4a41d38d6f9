"""The layers of one result, made once and updated in place after that."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import napari.viewer
import numpy as np
from napari.layers import Image, Labels, Layer, Points, Vectors

from napari_nucleus.core import FlowMaps, HoverMaps, NucleusMap
from napari_nucleus.graph import NucleusGraph, build_graph
from napari_nucleus.gui.layers import edges as edge_layers
from napari_nucleus.gui.layers import graph as node_layers
from napari_nucleus.gui.layers import maps as map_layers
from napari_nucleus.gui.layers import nuclei as nuclei_layers
from napari_nucleus.gui.layers.colors import DIVERGING, nucleus_colormap, type_colormap
from napari_nucleus.gui.layers.place import move, placement

if TYPE_CHECKING:  # the package around it loads torch
    from napari_nucleus.inference.result import SegmentResult

_HOVER, _FLOWS = ("NP", "HoVer H", "HoVer V"), ("prob", "flow Y", "flow X")
ROLES = (*_HOVER, *_FLOWS, "type", "edges", "nodes", "nuclei")
"""What a layer of a result may show, the lowest first."""

_OWNER = "nucleus_layer_of"


def add_result(
    viewer: napari.viewer.Viewer,
    result: SegmentResult,
    image_layer: Layer | None = None,
    *,
    graph: NucleusGraph | None = None,
    offset: tuple[int, int] = (0, 0),
    hidden: Collection[str] = (),
) -> dict[str, Layer]:
    """Show a result: ``nuclei``, ``nodes``, ``edges``, and its maps, hidden.

    Those are ``NP``, ``HoVer H`` and ``HoVer V`` or, of a network that gives flows, ``prob``, ``flow Y`` and
    ``flow X``; with classes also ``type``. Layers that an earlier result of the same image made are updated in place,
    whatever they are called now; deleted ones come back. Where they belong is kept in their metadata.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    result : SegmentResult
    image_layer : napari.layers.Layer, optional
        What was segmented: the layers take its transform, and its name where several images are open.
    graph : NucleusGraph, optional
        Of the nuclei; five nearest neighbours by default.
    offset : (y, x)
        Pixel of the image on which the result's first pixel lies.
    hidden : collection of str
        Classes that aren't shown.

    Returns
    -------
    dict
        Layer by role; without maps, only ``nuclei``, ``nodes`` and ``edges``.
    """
    nuclei, maps = result.nuclei, result.maps
    graph = build_graph(nuclei) if graph is None else graph
    stack = _Stack(viewer, image_layer, offset, nuclei.mpp)
    if isinstance(maps, HoverMaps):
        stack.put_vector_maps(_HOVER, maps.np_prob, maps.hv)
    else:
        stack.remove(_HOVER)
    if isinstance(maps, FlowMaps):
        stack.put_vector_maps(_FLOWS, maps.prob, maps.flow)
    else:
        stack.remove(_FLOWS)
    if maps is not None and maps.type_prob is not None:
        kinds = maps.type_prob.argmax(0).astype(np.uint8)
        stack.put("type", Labels, map_layers.add_types, map_layers.show_types, kinds, nuclei.scheme, hidden)
    else:
        stack.remove(["type"])
    stack.put("edges", Vectors, edge_layers.add_edges, edge_layers.show_edges, nuclei, graph, hidden)
    stack.put("nodes", Points, node_layers.add_nodes, node_layers.show_nodes, nuclei, hidden)
    stack.put("nuclei", Labels, nuclei_layers.add_nuclei, nuclei_layers.show_nuclei, nuclei, hidden)
    stack.select("nuclei")
    return stack.layers


def find_layer(viewer: napari.viewer.Viewer, image_layer: Layer | None, role: str) -> Layer | None:
    """The layer that shows ``role`` of an image's result, or None where there is none (any more)."""
    owner = (_key(image_layer), role)
    return next((layer for layer in viewer.layers if layer.metadata.get(_OWNER) == owner), None)


def beside(viewer: napari.viewer.Viewer, layer: Layer, role: str) -> Layer | None:
    """The layer that shows ``role`` of the result, or of the nuclei, that a layer belongs to."""
    owner = owned_by(layer, role)[_OWNER]
    return next((other for other in viewer.layers if other.metadata.get(_OWNER) == owner), None)


def owned_by(layer: Layer, role: str) -> dict[str, Any]:
    """Metadata of a layer that shows ``role`` of the result, or of the nuclei, that another layer belongs to."""
    key, _ = layer.metadata.get(_OWNER, (str(layer.unique_id), ""))
    return {_OWNER: (key, role)}


def disown(layer: Layer) -> None:
    """Leave a layer to the user: the next result makes a new one."""
    layer.metadata.pop(_OWNER, None)


def is_ours(layer: Layer) -> bool:
    """Whether a result made a layer."""
    return _OWNER in layer.metadata


def hide_classes(
    viewer: napari.viewer.Viewer,
    image_layer: Layer | None,
    nuclei: NucleusMap,
    hidden: Collection[str],
) -> None:
    """Switch classes off in the layers of a result, and the others on; the graph stays the one that they show."""
    outlines, nodes, edges, types = (
        find_layer(viewer, image_layer, role) for role in ("nuclei", "nodes", "edges", "type")
    )
    if outlines is not None:
        outlines.colormap = nucleus_colormap(nuclei, hidden)
    if isinstance(nodes, Points):
        node_layers.hide_nodes(nodes, hidden)
    if isinstance(edges, Vectors):
        edge_layers.hide_edges(edges, hidden)
    if types is not None:
        types.colormap = type_colormap(nuclei.scheme, hidden)


def _key(image_layer: Layer | None) -> str:
    return "" if image_layer is None else str(image_layer.unique_id)


class _Stack:
    """The layers of one image's result in the viewer."""

    def __init__(
        self, viewer: napari.viewer.Viewer, image_layer: Layer | None, offset: tuple[int, int], mpp: float
    ) -> None:
        self.viewer, self.image_layer = viewer, image_layer
        self.layers: dict[str, Layer] = {}
        self._active = viewer.layers.selection.active
        self._added: set[str] = set()
        self._place = placement(image_layer, offset) or {"scale": (mpp, mpp), "units": ("um", "um")}

    def put(
        self, role: str, kind: type[Layer], add: Callable[..., Layer], show: Callable[..., None], *what: Any
    ) -> None:
        """Show ``what`` in the layer of a role; it is made where there is none."""
        layer = find_layer(self.viewer, self.image_layer, role)
        if isinstance(layer, kind):
            show(layer, *what)
            move(layer, self._place)
        else:
            owner = {_OWNER: (_key(self.image_layer), role)}
            layer = add(self.viewer, *what, name=self._name(role), metadata=owner, **self._place)
            self._added.add(role)
            self._lower(role)
        self.layers[role] = layer

    def _lower(self, role: str) -> None:
        """Move the layer that was added last below those of this result that belong above it."""
        above = (find_layer(self.viewer, self.image_layer, r) for r in ROLES[ROLES.index(role) + 1 :])
        places = [self.viewer.layers.index(layer) for layer in above if layer is not None]
        if places:
            self.viewer.layers.move(len(self.viewer.layers) - 1, min(places))

    def put_map(self, role: str, values: np.ndarray, limits: tuple[float, float], colormap: Any) -> None:
        """Show a map; the user's contrast limits and colours stay."""

        def show(layer: Image, values: np.ndarray, *_: Any) -> None:
            layer.data = values

        self.put(role, Image, map_layers.add_map, show, values, limits, colormap)

    def put_vector_maps(self, roles: tuple[str, str, str], probability: np.ndarray, vector: np.ndarray) -> None:
        """Show the probability of nuclei and the two components of a vector."""
        self.put_map(roles[0], probability, (0, 1), "magma")
        self.put_map(roles[1], vector[0], (-1, 1), DIVERGING)
        self.put_map(roles[2], vector[1], (-1, 1), DIVERGING)

    def remove(self, roles: Collection[str]) -> None:
        """Take away what this result doesn't have."""
        for role in roles:
            layer = find_layer(self.viewer, self.image_layer, role)
            if layer is not None:
                self.viewer.layers.remove(layer)

    def select(self, role: str) -> None:
        """Select a layer that is new; the selection stays where it was otherwise."""
        if role in self._added:
            self.viewer.layers.selection.active = self.layers[role]
        elif self._active in self.viewer.layers:
            self.viewer.layers.selection.active = self._active

    def _name(self, role: str) -> str:
        """The role, and the image's name where another image's result is shown already."""
        taken = role in [layer.name for layer in self.viewer.layers]
        return f"{role} · {self.image_layer.name}" if taken and self.image_layer is not None else role
