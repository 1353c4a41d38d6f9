"""A journal played on the canvas: as a demonstration, and to look something up."""

from __future__ import annotations

from typing import Any

import napari.viewer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_nucleus.app.correct.replay import Replay
from napari_nucleus.core import NucleusError
from napari_nucleus.gui.correct.class_layer import ClassLayer
from napari_nucleus.project import Project

_STEP_MS = 250


class Player(QObject):
    """Plays the corrections of an image in a layer of its own; ``played`` tells which one, and the empty text the end.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    """

    played = Signal(str)

    def __init__(self, viewer: napari.viewer.Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._replay: Replay | None = None
        self._picture: ClassLayer | None = None
        self._clock = QTimer(self)
        self._clock.setInterval(_STEP_MS)
        self._clock.timeout.connect(self.step)

    def start(self, project: Project, image: int, place: dict[str, Any]) -> None:
        """Begin with the image as it was before its first correction.

        Raises
        ------
        NucleusError
            Nothing was corrected yet.
        """
        self.stop()
        replay = Replay(project, image)
        if not len(replay):
            raise NucleusError("Expected corrections to replay, got none. Correct something first.")
        self._replay = replay
        self._picture = ClassLayer(self._viewer, replay, place, lambda *_stroke: None)
        self._picture.layer.name = "replay"
        self._clock.start()

    def step(self) -> None:
        """Show the next correction; after the last the clock stops."""
        replay, picture = self._replay, self._picture
        if replay is None or picture is None or replay.place == len(replay):
            self._clock.stop()
            return
        change = replay.step()
        box = next((replay.rows.box(label) for label in change.labels if label in replay.rows), None)
        picture.show(change.box)
        picture.ring(box)
        self.played.emit(f"{replay.place:,} of {len(replay):,}: {change.action}, {change.annotator}")

    def stop(self) -> None:
        """Take the layer away."""
        self._clock.stop()
        if self._picture is not None:
            self._picture.close()
            if self._picture.layer in self._viewer.layers:
                self._viewer.layers.remove(self._picture.layer)
            self.played.emit("")
        self._replay = self._picture = None
