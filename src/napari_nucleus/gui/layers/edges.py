"""Lines between neighbours as a Vectors layer that, of a large graph, draws only what is in view."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import napari.viewer
import numpy as np
from napari.layers import Vectors
from numpy.typing import NDArray
from qtpy.QtCore import QTimer

from napari_nucleus.core import NucleusMap
from napari_nucleus.graph import NucleusGraph

_EDGE_UM = 0.25
_EDGE_COLOR = np.array([0x20 / 255, 0x20 / 255, 0x20 / 255, 1], np.float32)
_KEY = "nucleus_edges"

# Graphs up to this size are drawn whole: napari draws them at once.
_ALWAYS = 20_000
# The zoom limit: when the view holds no more edges than this, only those are drawn.
_MOST_IN_VIEW = 20_000
_MARGIN = 0.5  # of the view on each side, so that short ways need nothing new
_REST_MS = 120


@dataclass(frozen=True, slots=True, eq=False)
class EdgeLines:
    """All lines of a graph, drawn or not; kept in the metadata of their layer.

    Attributes
    ----------
    graph : NucleusGraph
    lines : (E, 2, 2) float32
        Start and direction of each edge, in pixels.
    ends : (2, E) int64
        Rows in the table of nuclei.
    classes : (N,) str
        Class of each nucleus.
    colors : (E, 4) or (4,) float32
    hidden : collection of str
        Classes whose nuclei and edges aren't shown.
    """

    graph: NucleusGraph
    lines: NDArray[np.float32]
    ends: NDArray[np.int64]
    classes: NDArray[np.object_]
    colors: NDArray[np.float32]
    hidden: Collection[str] = ()

    def shown(self) -> NDArray[np.int64]:
        """Edges between nuclei of visible classes."""
        visible = ~np.isin(self.classes, list(self.hidden))
        return np.flatnonzero(visible[self.ends].all(0))

    def within(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether the middle of each edge lies in a box, y and x in pixels."""
        middle = self.lines[:, 0] + self.lines[:, 1] / 2
        return np.asarray(((middle >= low) & (middle <= high)).all(1), np.bool_)


def add_edges(
    viewer: napari.viewer.Viewer,
    nuclei: NucleusMap,
    graph: NucleusGraph,
    hidden: Collection[str] = (),
    **options: Any,
) -> Vectors:
    """A thin line for each edge; above 20,000 edges only those in view once the view is small enough."""
    edges = _edges(nuclei, graph, hidden)
    metadata = {**options.pop("metadata", {}), _KEY: edges}
    layer = viewer.add_vectors(
        edges.lines[edges.shown()],
        ndim=2,
        edge_width=_EDGE_UM / nuclei.mpp,
        edge_color=edges.colors,
        vector_style="line",
        opacity=0.6,
        metadata=metadata,
        **options,
    )
    _ViewLimit(viewer, layer)
    return layer


def show_edges(layer: Vectors, nuclei: NucleusMap, graph: NucleusGraph, hidden: Collection[str] = ()) -> None:
    """Replace the lines of a layer of `add_edges`."""
    _keep(layer, _edges(nuclei, graph, hidden))


def hide_edges(layer: Vectors, hidden: Collection[str]) -> None:
    """Switch classes off in a layer of `add_edges`, and the others on."""
    _keep(layer, replace(edges_in(layer), hidden=tuple(hidden)))


def edges_in(layer: Vectors) -> EdgeLines:
    """All that a layer of `add_edges` would show in a wide enough view."""
    edges: EdgeLines = layer.metadata[_KEY]
    return edges


def color_edges(layer: Vectors, colors: NDArray[np.float32] | None) -> None:
    """Give every edge of the graph a colour, (E, 4) in 0..1; None: all the plain one."""
    _keep(layer, replace(edges_in(layer), colors=_EDGE_COLOR if colors is None else colors))


def _edges(nuclei: NucleusMap, graph: NucleusGraph, hidden: Collection[str]) -> EdgeLines:
    ends = graph.rows(nuclei.table["label"])
    start, stop = nuclei.table[["y_px", "x_px"]].to_numpy(np.float32)[ends]
    classes = nuclei.table["class"].to_numpy(object)
    return EdgeLines(graph, np.stack([start, stop - start], axis=1), ends, classes, _EDGE_COLOR, tuple(hidden))


def _keep(layer: Vectors, edges: EdgeLines) -> None:
    """Take other lines; the watcher of the view draws what is in it."""
    layer.metadata = {**layer.metadata, _KEY: edges}


def _draw(layer: Vectors, edges: EdgeLines, which: NDArray[np.int64]) -> None:
    lines = edges.lines[which]
    if not np.array_equal(lines, layer.data):
        with layer.events.set_data.blocker():  # the colours draw everything once more
            layer.data = lines
    layer.edge_color = edges.colors if edges.colors.ndim == 1 else edges.colors[which]


class _ViewLimit:
    """Draws the edges of a layer anew when they, or the view of a large graph, have changed."""

    def __init__(self, viewer: napari.viewer.Viewer, layer: Vectors) -> None:
        self._viewer, self._layer = viewer, layer
        self._box: NDArray[np.float64] | None = None  # what is drawn; None: everything
        self._rest = QTimer()
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._look)
        scene = getattr(viewer, "scene", viewer)  # napari 0.9 moved the camera
        # Functions are held by what they are connected to; a method alone would be forgotten with its object.
        self._on_view = lambda _event=None: self._start()
        self._on_edges = lambda _event=None: self._look(anew=True)
        self._on_removed = lambda event: self._let_go(event.value)
        self._camera = scene.camera
        for name in ("center", "zoom"):
            self._camera.events[name].connect(self._on_view)
        layer.events.metadata.connect(self._on_edges)
        viewer.layers.events.removed.connect(self._on_removed)

    def _start(self) -> None:
        if self._layer.visible and len(edges_in(self._layer).lines) > _ALWAYS:
            self._rest.start()

    def _look(self, anew: bool = False) -> None:
        """Draw what is in view, unless it is drawn already."""
        edges = edges_in(self._layer)
        view = self._view() if len(edges.lines) > _ALWAYS else None
        shown = edges.shown()
        box = None
        if view is not None:
            if not anew and self._box is not None and _holds(self._box, view):
                return
            margin = _MARGIN * (view[1] - view[0])
            wide = np.stack([view[0] - margin, view[1] + margin])
            inside = shown[edges.within(*wide)[shown]]
            if len(inside) <= _MOST_IN_VIEW:
                box, shown = wide, inside
        if anew or box is not None or self._box is not None:
            _draw(self._layer, edges, shown)
        self._box = box

    def _view(self) -> NDArray[np.float64] | None:
        """Corners of the view, y and x in pixels of the layer, (2, 2); None in three dimensions."""
        viewer = self._viewer
        if viewer.dims.ndisplay != 2:
            return None
        size = viewer.canvas.size if hasattr(viewer, "canvas") else viewer._canvas_size
        half = np.asarray(size, float) / self._camera.zoom / 2
        middle = np.asarray(self._camera.center[-2:], float)
        corners = [middle + half * (up, right) for up in (-1, 1) for right in (-1, 1)]
        pixels = np.array([self._layer.world_to_data(corner) for corner in corners])[:, -2:]
        return np.stack([pixels.min(0), pixels.max(0)])

    def _let_go(self, removed: Any) -> None:
        if removed is not self._layer:
            return
        self._rest.stop()
        for name in ("center", "zoom"):
            self._camera.events[name].disconnect(self._on_view)
        self._layer.events.metadata.disconnect(self._on_edges)
        self._viewer.layers.events.removed.disconnect(self._on_removed)


def _holds(box: NDArray[np.float64], view: NDArray[np.float64]) -> bool:
    return bool((box[0] <= view[0]).all() and (view[1] <= box[1]).all())
