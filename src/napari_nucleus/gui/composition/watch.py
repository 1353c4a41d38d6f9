"""Changes of layers that the numbers depend on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtpy.QtCore import QObject, Signal

# What is painted, undone or replaced, classes, pixel size, and where the layer lies. Not all kinds of layers have all.
_CONTENT = ("data", "set_data", "labels_update", "features", "metadata")
_PLACE = ("scale", "translate", "rotate", "shear", "affine", "units")


class Watch(QObject):
    """Tells with ``changed`` that one of some layers may have changed."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers: tuple[Any, ...] = ()

    def look_at(self, *layers: Any) -> None:
        """Watch these layers, and no others any more; None is passed over."""
        for emitter in self._emitters():
            emitter.disconnect(self._on_event)
        self._layers = tuple(layer for layer in layers if layer is not None)
        for emitter in self._emitters():
            emitter.connect(self._on_event)

    def _emitters(self) -> Iterator[Any]:
        for layer in self._layers:
            yield from (layer.events[name] for name in (*_CONTENT, *_PLACE) if name in layer.events.emitters)

    def _on_event(self, _event: Any = None) -> None:
        self.changed.emit()
