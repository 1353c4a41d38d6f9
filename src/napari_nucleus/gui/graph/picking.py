"""A click on the canvas as a place."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import napari.viewer
from napari.layers import Labels

_IDLE = ("pan_zoom", "select")


class Picking:
    """Calls back with a place in pixels of a layer when a person clicks, and neither drags nor paints."""

    def __init__(self, viewer: napari.viewer.Viewer, picked: Callable[[float, float], None]) -> None:
        self._viewer, self._picked = viewer, picked
        self._like: Labels | None = None

    def look_at(self, like: Labels | None) -> None:
        """Tell places of this layer; None: of none."""
        listening = self._like is not None
        self._like = like
        callbacks = self._viewer.mouse_drag_callbacks
        if like is not None and not listening:
            callbacks.append(self._on_press)
        elif like is None and listening and self._on_press in callbacks:
            callbacks.remove(self._on_press)

    def _on_press(self, _viewer: Any, event: Any) -> Generator[None, None, None]:
        active = self._viewer.layers.selection.active
        idle = active is None or str(active.mode) in _IDLE
        yield
        moved = event.type == "mouse_move"
        while event.type == "mouse_move":
            yield
        if self._like is not None and idle and not moved and event.button == 1:
            y, x = self._like.world_to_data(event.position)[-2:]
            self._picked(float(y), float(x))
