"""Run, Cancel, and how far the work has come."""

from __future__ import annotations

import time

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QGridLayout, QProgressBar, QPushButton, QWidget

from napari_nucleus.app.segment_state import SegmentState


class RunBar(QWidget):
    """The buttons, and a progress bar with what is being done and for how many seconds; mirrors a `SegmentState`."""

    def __init__(self, state: SegmentState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._started = 0.0
        self.run, self.cancel, self.bar = QPushButton("Run"), QPushButton("Cancel"), QProgressBar()
        self.bar.setTextVisible(True)
        self._clock = QTimer(self)
        self._clock.setInterval(200)
        self._clock.timeout.connect(self._show)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.run, 0, 0)
        grid.addWidget(self.cancel, 0, 1)
        grid.addWidget(self.bar, 1, 0, 1, 2)
        state.events.running.connect(self._on_running)
        state.events.progress.connect(self._show)
        self._on_running(state.running)

    def set_ready(self, ready: bool) -> None:
        """Whether there is something to run."""
        self.run.setEnabled(ready)

    def _on_running(self, running: bool) -> None:
        self.cancel.setEnabled(running)
        self.bar.setVisible(running)
        if running:
            self._started = time.monotonic()
            self._clock.start()
        else:
            self._clock.stop()
        self._show()

    def _show(self) -> None:
        progress = self._state.progress
        seconds = time.monotonic() - self._started
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        tiles = f" {progress.done}/{progress.total}" if progress.total else ""
        self.bar.setFormat(f"{progress.message}{tiles} · {seconds:.0f} s")
