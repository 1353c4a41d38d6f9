"""Corrections in a Labels layer, told no more often than numbers can follow."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from napari_nucleus.app.error_map import Box
from napari_nucleus.app.evaluate_state import classes_in

_PAUSE_MS = 60


class LayerWatch(QObject):
    """Tells with ``edited`` that a layer may have changed: at once, then each 60 ms at most, and after the last change.

    napari tells the box that was painted; of undo, new data or a new look it tells only that something happened.
    """

    edited = Signal()

    def __init__(self, layer: Labels, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layer = layer
        self._boxes: list[Box] = []
        self._anywhere, self._classes = False, False
        self._told = 0.0
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._tell)
        layer.events.labels_update.connect(self._on_painted)
        layer.events.set_data.connect(self._on_drawn)
        layer.events.data.connect(self._on_anything)
        layer.events.features.connect(self._on_features)

    def stop(self) -> None:
        """Watch no longer."""
        self._pause.stop()
        events = self.layer.events
        events.labels_update.disconnect(self._on_painted)
        events.set_data.disconnect(self._on_drawn)
        events.data.disconnect(self._on_anything)
        events.features.disconnect(self._on_features)

    def labels(self) -> NDArray[Any]:
        """The labels now."""
        return np.asarray(self.layer.data)

    def take_box(self) -> Box | None:
        """Where labels may have changed since the last call; None: anywhere."""
        boxes, anywhere = self._boxes, self._anywhere
        self._boxes, self._anywhere = [], False
        if anywhere:
            return None
        if not boxes:
            return slice(0, 0), slice(0, 0)
        low = [min(box[axis].start for box in boxes) for axis in (0, 1)]
        high = [max(box[axis].stop for box in boxes) for axis in (0, 1)]
        return slice(low[0], high[0]), slice(low[1], high[1])

    def take_classes(self) -> dict[int, str] | None:
        """Class of each nucleus, where that may have changed since the last call."""
        if not self._classes:
            return None
        self._classes = False
        return self.classes()

    def classes(self) -> dict[int, str]:
        """Class of each nucleus, as far as the layer knows it."""
        return classes_in(self.layer.features)

    def _on_painted(self, event: Any) -> None:
        if len(event.offset) == 2:
            (top, left), (height, width) = (map(int, pair) for pair in (event.offset, event.data.shape))
            self._boxes.append((slice(top, top + height), slice(left, left + width)))
        self._start(at_once=True)

    def _on_drawn(self, _event: Any = None) -> None:
        self._anywhere = True
        self._start(at_once=True)

    def _on_anything(self, _event: Any = None) -> None:
        self._anywhere = True
        self._start()

    def _on_features(self, _event: Any = None) -> None:
        self._classes = True
        self._start()

    def _start(self, at_once: bool = False) -> None:
        """Tell when the pause is over; what changes in several steps is told after the last."""
        if self._pause.isActive():
            return
        left = _PAUSE_MS - 1000 * (time.monotonic() - self._told)
        if at_once and left <= 0:
            self._tell()
        else:
            self._pause.start(max(0, round(left)))

    def _tell(self) -> None:
        self.edited.emit()
        self._told = time.monotonic()
