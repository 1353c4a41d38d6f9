"""The layer that Review mode works on: outlines in the colour of the class, of which edits write only their box."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import cv2
import napari.viewer
import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import CyclicLabelColormap
from numpy.typing import NDArray

from napari_nucleus.app.correct import UNKNOWN, Workbench
from napari_nucleus.app.correct.boxes import around, window
from napari_nucleus.app.correct.mode import Place
from napari_nucleus.app.correct.outlines import WIDTH_PX, outlined
from napari_nucleus.app.correct.replay import Replay
from napari_nucleus.core import ClassScheme
from napari_nucleus.gui.layers.colors import UNKNOWN as UNKNOWN_COLOR
from napari_nucleus.project.chunks import Box

_MARK = "nucleus_classes_of"
_MARKED_COLOR, _HERE_COLOR = "#000000", "#F0E442"
_LINE_PX, _RING_PX = 2, 2
_AIR_PX = 8  # between a nucleus and the ring around it

Pixels = tuple[Box, NDArray[np.bool_]]


class ClassLayer:
    """A Labels layer whose values are classes, so that a change of class changes pixels and never the colours.

    Values are 0 for nothing, 1 to C for the classes, C + 1 for a nucleus without class, C + 2 for what is chosen, drawn
    or proposed at the moment, and C + 3 for the ring around the nucleus that is looked at. A layer of its own for the
    ring would be slower: moving one point takes napari 30 ms.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    bench : Workbench or Replay
    place : mapping
        Of `placement`: where the layer lies.
    stroked : callable
        Hears of each stroke of napari's tools: its box, the pixels (height, width) bool that it painted, and the value.
    """

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        bench: Workbench | Replay,
        place: dict[str, Any],
        stroked: Callable[[Box, NDArray[np.bool_], int], None],
    ) -> None:
        self._bench, self._stroked = bench, stroked
        self._scheme = bench.project.scheme
        self._values = _values(self._scheme)
        self._chosen: frozenset[int] = frozenset()
        self._overlays: dict[int, Pixels] = {}
        self._painted: list[Box] = []
        self._ours = False
        whole = outlined(bench.labels, self._values[bench.classes])
        options = {"name": "classes", "opacity": 1.0, "metadata": {_MARK: bench.image}, **place}
        self.layer: Labels = viewer.add_labels(whole, colormap=_colormap(self._scheme), **options)
        self.layer.events.labels_update.connect(self._on_drawn)
        self.layer.events.paint.connect(self._on_stroke)

    @property
    def marked(self) -> int:
        """The value of what is drawn at the moment."""
        return len(self._scheme) + 2

    def close(self) -> None:
        """Hear of strokes no more."""
        self.layer.events.labels_update.disconnect(self._on_drawn)
        self.layer.events.paint.disconnect(self._on_stroke)

    def show(self, box: Box) -> None:
        """Draw a box anew: what the workbench holds, then what is chosen, then the overlay."""
        box = around([box], WIDTH_PX, self._bench.labels.shape)
        wider = around([box], WIDTH_PX, self._bench.labels.shape)
        labels = self._bench.labels[window(wider)]
        values = outlined(labels, self._values[self._bench.classes[window(wider)]])
        if self._chosen:
            values[(values > 0) & np.isin(labels, list(self._chosen))] = self.marked
        values = values[window(_within(box, wider))]
        for value, pixels in self._overlays.items():
            _lay_over(values, box, pixels, value)
        self._write(box, values)

    def choose(self, labels: Iterable[int]) -> None:
        """Mark the outlines of some nuclei."""
        former, self._chosen = self._chosen, frozenset(labels)
        places = [self._bench.rows.box(label) for label in former ^ self._chosen if label in self._bench.rows]
        if places:
            self.show(around(places))

    def overlay(self, box: Box | None, pixels: NDArray[np.bool_] | None = None) -> None:
        """Mark pixels (height, width) of a box, in place of those that were marked before; None marks nothing."""
        self._lay(self.marked, None if box is None or pixels is None else (box, pixels))

    def ring(self, nucleus: Box | None) -> None:
        """Draw a ring around a nucleus; None takes it away."""
        if nucleus is None:
            self._lay(self.marked + 1, None)
            return
        y0, x0, y1, x1 = nucleus
        radius = round(float(np.hypot(y1 - y0, x1 - x0)) / 2) + _AIR_PX
        box = around([((y0 + y1) // 2, (x0 + x1) // 2) * 2], radius + _RING_PX, self._bench.labels.shape)
        canvas = np.zeros((box[2] - box[0], box[3] - box[1]), np.uint8)
        cv2.circle(canvas, ((x0 + x1) // 2 - box[1], (y0 + y1) // 2 - box[0]), radius, 1, _RING_PX)
        self._lay(self.marked + 1, (box, canvas > 0))

    def trace(self, places: tuple[Place, ...], closed: bool) -> None:
        """Mark a line through places; none marks nothing."""
        points = np.rint(np.array(places)).astype(np.int32).reshape(-1, 2)
        height, width = self._bench.labels.shape
        points = np.clip(points, 0, (height - 1, width - 1))
        if not len(points):
            self.overlay(None)
            return
        box = around([(*points.min(0), *(points.max(0) + 1))], _LINE_PX, (height, width))
        canvas = np.zeros((box[2] - box[0], box[3] - box[1]), np.uint8)
        cv2.polylines(canvas, [(points - box[:2])[:, ::-1]], closed, 1, _LINE_PX)
        self.overlay(box, canvas > 0)

    def _lay(self, value: int, pixels: Pixels | None) -> None:
        """Draw pixels over the classes in a value, in place of those that had it; the boxes may lie far apart."""
        former = self._overlays.pop(value, None)
        if pixels is not None:
            self._overlays[value] = pixels
        for there in (former, pixels):
            if there is not None:
                self.show(there[0])

    def _write(self, box: Box, values: NDArray[np.uint8]) -> None:
        now = np.asarray(self.layer.data)[window(box)]
        y, x = np.nonzero(now != values)
        self._ours = True
        try:
            self.layer.data_setitem((y + box[0], x + box[1]), values[y, x])
        finally:
            self._ours = False

    def _on_drawn(self, event: Any) -> None:
        if not self._ours:
            (y, x), (height, width) = (map(int, pair) for pair in (event.offset, event.data.shape[:2]))
            self._painted.append((y, x, y + height, x + width))

    def _on_stroke(self, _event: Any = None) -> None:
        """A stroke of napari's tools is over: hand it on, then show what came of it."""
        if self._ours or not self._painted:
            return
        box, self._painted = around(self._painted, 0, self._bench.labels.shape), []
        value = int(self.layer.selected_label) if str(self.layer.mode) != "erase" else 0
        pixels = np.asarray(self.layer.data)[window(box)] == value
        if value != self.marked:
            pixels &= outlined(self._bench.labels[window(box)], self._values[self._bench.classes[window(box)]]) != value
        try:
            self._stroked(box, pixels, value)
        finally:
            self.show(box)


def is_class_layer(layer: Any) -> bool:
    """Whether a layer is one of `ClassLayer`."""
    return _MARK in layer.metadata


def _values(scheme: ClassScheme) -> NDArray[np.uint8]:
    """Value of the layer by value of the workbench's class map."""
    values = np.arange(256, dtype=np.uint8)
    values[UNKNOWN] = len(scheme) + 1
    return values


def _colormap(scheme: ClassScheme) -> CyclicLabelColormap:
    return CyclicLabelColormap(colors=["transparent", *scheme.colors, UNKNOWN_COLOR, _MARKED_COLOR, _HERE_COLOR])


def _lay_over(values: NDArray[np.uint8], box: Box, pixels: Pixels, value: int) -> None:
    """Write a value where pixels and a box meet."""
    there, mask = pixels
    both = max(box[0], there[0]), max(box[1], there[1]), min(box[2], there[2]), min(box[3], there[3])
    if both[0] < both[2] and both[1] < both[3]:
        values[window(_within(both, box))][mask[window(_within(both, there))]] = value


def _within(box: Box, other: Box) -> Box:
    """A box in the coordinates of one around it."""
    y, x = other[:2]
    return box[0] - y, box[1] - x, box[2] - y, box[3] - x
