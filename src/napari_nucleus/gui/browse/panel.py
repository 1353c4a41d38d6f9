"""The panel *Browse patches*: parts put together, and the work sent to threads."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import napari.viewer
from napari.qt.threading import create_worker
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QFileDialog, QLabel, QVBoxLayout, QWidget
from superqt.utils import create_worker as create_quiet_worker

from napari_nucleus.app.browse import BrowseController
from napari_nucleus.app.browse_state import Opened, QueueEnd, QueueStep
from napari_nucleus.app.choices import Choices, load_choices
from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.gui.browse.folder_bar import FolderBar
from napari_nucleus.gui.browse.grid import PatchGrid, ThumbnailModel
from napari_nucleus.gui.browse.patch_layers import PatchLayers
from napari_nucleus.gui.browse.queue_bar import QueueBar
from napari_nucleus.gui.report import report
from napari_nucleus.io import PatchSet

# Bound on the canvas; napari itself uses neither.
_KEYS = {"Alt-Left": -1, "Alt-Right": 1}


class BrowsePanel(QWidget):
    """Go through a folder of patches, and segment one or all of them.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    controller : BrowseController, optional
        What does the work; made here by default.
    """

    def __init__(self, viewer: napari.viewer.Viewer, controller: BrowseController | None = None) -> None:
        super().__init__()
        self._viewer = viewer
        self.controller = BrowseController() if controller is None else controller
        self.state = self.controller.state
        self._layers = PatchLayers(viewer)
        self._on_canvas: Opened | None = None
        self._reading: tuple[PatchSet, int] | None = None
        self._worker: Any = None
        self.folder_bar = FolderBar(self.state)
        self.thumbnails = ThumbnailModel(self.controller, self)
        self.grid = PatchGrid(self.thumbnails)
        self.queue_bar = QueueBar(self.state)
        self.message = QLabel("← → in the grid or Alt+← Alt+→ on the canvas: next patch")
        self._lay_out()
        self._connect()
        create_quiet_worker(load_choices, _connect={"returned": self._on_choices, "errored": self._report})

    def open(self, folder: Path) -> None:
        """Open a folder of patches and show its first."""
        self._keep_changes()
        try:
            self.controller.open(folder, self.folder_bar.given_classes(), self.folder_bar.given_mpp())
        except NucleusError as error:
            self._report(error)
            return
        self.grid.setFocus()

    def segment(self, indices: tuple[int, ...]) -> None:
        """Segment patches; a queue that is under way is superseded."""
        self._keep_changes()
        try:
            order = self.controller.submit(indices)
        except NucleusError as error:
            self._report(error)
            return
        self._stop_worker()
        self._worker = create_worker(
            self.controller.work,
            order,
            _connect={"yielded": self._on_step, "returned": self._on_end},
        )

    def cancel(self) -> None:
        """Stop the queue after the tile that it is at; what is done stays."""
        self.controller.cancel()
        self._stop_worker()

    def save(self, folder: Path) -> None:
        """Write all results to a folder."""
        self._keep_changes()
        try:
            work = self.controller.save(folder)
        except NucleusError as error:
            self._report(error)
            return
        create_quiet_worker(
            _run, work, _connect={"yielded": self._on_saving, "returned": self._on_saved, "errored": self._report}
        )

    def event(self, event: QEvent | None) -> bool:
        """Keep changes and stop threads when the panel is taken out of the window."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            self._bind_keys(self.parent() is not None)
            if self.parent() is None:
                self._keep_changes()
                self.cancel()
                self.thumbnails.loader.close()
        return super().event(event)

    def _lay_out(self) -> None:
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.folder_bar)
        column.addWidget(self.grid, 1)
        column.addWidget(self.queue_bar)
        column.addWidget(self.message)
        self.setMinimumWidth(300)

    def _connect(self) -> None:
        self.folder_bar.asked.connect(self.open)
        self.grid.chosen.connect(self.controller.select)
        self.grid.stepped.connect(self.controller.step)
        self.queue_bar.model.opening.connect(self._refresh_models)
        self.queue_bar.this.clicked.connect(self._on_this)
        self.queue_bar.all.clicked.connect(lambda: self.segment(self.state.shown))
        self.queue_bar.cancel.clicked.connect(self.cancel)
        self.queue_bar.save.clicked.connect(self._on_save)
        self.state.events.current.connect(self._on_current)
        self.state.events.shown.connect(lambda: self.grid.show_current(self.state.current))
        self.state.events.message.connect(lambda message: self.message.setText(message))

    def _bind_keys(self, on: bool) -> None:
        for key, by in _KEYS.items():
            step = (lambda _viewer, by=by: self.controller.step(by)) if on else None
            self._viewer.bind_key(key, step, overwrite=True)

    def _on_choices(self, choices: Choices) -> None:
        self.queue_bar.fill(choices)

    def _refresh_models(self) -> None:
        """Models may have been imported or trained since the list was made."""
        if self.queue_bar.model.count():
            self.queue_bar.fill(load_choices())

    def _on_this(self) -> None:
        if self.state.current is not None:
            self.segment((self.state.current,))

    def _on_save(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the results", str(self.state.save_to or ""))
        if folder:
            self.save(Path(folder))

    def _on_current(self, index: int | None) -> None:
        self.grid.show_current(index)
        self._read()

    def _read(self) -> None:
        """Read the current patch in a thread; one at a time, the latest wins."""
        patches, index = self.state.patches, self.state.current
        if self._reading is not None or patches is None or index is None:
            return
        self._reading = patches, index
        create_quiet_worker(
            self.controller.read, patches, index, _connect={"returned": self._on_read, "errored": self._on_unread}
        )

    def _on_read(self, opened: Opened) -> None:
        self._reading = None
        if not self.controller.is_current(opened):
            self._read()
            return
        self._keep_changes()
        self._on_canvas = opened
        self._layers.show(opened)
        self.folder_bar.show_mpp(opened.patch.image.mpp)

    def _on_unread(self, error: Exception) -> None:
        superseded = self._reading != (self.state.patches, self.state.current)
        self._reading = None
        if superseded:
            self._read()
        else:
            self._report(error)

    def _keep_changes(self) -> None:
        """Keep what a person has changed in the patch on the canvas."""
        opened = self._on_canvas
        if opened is None or opened.patches is not self.state.patches:
            return
        shown, truth = self._layers.nuclei(), self._layers.changed_truth()
        if shown is not None:
            self.controller.keep(opened.index, *shown)
        if truth is not None:
            self.controller.keep_truth(opened.index, truth)

    def _on_step(self, step: QueueStep) -> None:
        opened = self._on_canvas
        visible = opened is not None and opened.patches is step.order.patches and opened.index == step.index
        if visible and step.nuclei is not None:
            self._keep_changes()
        if self.controller.take(step) and visible and step.index is not None:
            result = self.controller.results[step.index]
            self._layers.show_nuclei(result.now.unpack(), result.by_hand)

    def _on_end(self, end: QueueEnd) -> None:
        if self.controller.finish(end) and end.error is not None:
            self._report(end.error)

    def _on_saved(self, n: int) -> None:
        self.state.message = f"{n:,} patches written to {self.state.save_to}"

    def _on_saving(self, progress: Progress) -> None:
        self.state.message = f"{progress.message} · {progress.done} of {progress.total}"

    def _stop_worker(self) -> None:
        if self._worker is not None:
            self._worker.quit()
            self._worker = None

    def _report(self, error: Exception) -> None:
        self.state.message = str(error)
        report(error)


def _run(work: Generator[Progress, None, int]) -> Generator[Progress, None, int]:
    """Work that is under way, as a function that a worker can call."""
    return (yield from work)
