"""The panel *Segment nuclei*: parts put together, and the work sent to threads."""

from __future__ import annotations

from typing import Any

import napari.viewer
from napari.layers import Image, Labels
from napari.qt.threading import create_worker
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import QGroupBox, QLabel, QVBoxLayout, QWidget
from superqt.utils import create_worker as create_quiet_worker

from napari_nucleus.app.choices import Choices, load_choices
from napari_nucleus.app.segment import SegmentController
from napari_nucleus.app.segment_state import Outcome, Shown
from napari_nucleus.core import NucleusError
from napari_nucleus.gui.layers import add_result, nuclei_in
from napari_nucleus.gui.layers.nuclei import is_touched
from napari_nucleus.gui.layers.place import calibrate, read_mpp
from napari_nucleus.gui.layers.result import disown, find_layer, hide_classes
from napari_nucleus.gui.report import report
from napari_nucleus.gui.segment.column import Column
from napari_nucleus.gui.segment.form import SegmentForm
from napari_nucleus.gui.segment.legend import Legend
from napari_nucleus.gui.segment.run_bar import RunBar
from napari_nucleus.gui.segment.source import source_of
from napari_nucleus.gui.segment.thresholds import ThresholdSliders

_PAUSE_MS = 60


class SegmentPanel(QWidget):
    """Segment the nuclei of an image layer.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    controller : SegmentController, optional
        What does the work; made here by default.
    """

    def __init__(self, viewer: napari.viewer.Viewer, controller: SegmentController | None = None) -> None:
        super().__init__()
        self._viewer = viewer
        self.controller = SegmentController() if controller is None else controller
        self.state = self.controller.state
        self._worker: Any = None
        self._decoding = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self.form = SegmentForm(viewer, self.state)
        self.run_bar = RunBar(self.state)
        self.thresholds = ThresholdSliders(self.state)
        self.legend = Legend()
        self.message = QLabel("Looking up models and devices …")
        self._lay_out()
        self._connect()
        self.run_bar.set_ready(False)
        self._on_image(self.form.current_image())
        create_quiet_worker(load_choices, _connect={"returned": self._on_choices, "errored": self._report})

    def run(self) -> None:
        """Segment the chosen image; a run that is under way is superseded."""
        layer = self.form.current_image()
        try:
            if layer is None:
                raise NucleusError("Expected an image layer, got none. Open an image first.")
            request = self.controller.submit(source_of(self._viewer, layer, self.state.extent))
        except NucleusError as error:
            self._report(error)
            return
        self._stop_worker()
        self._worker = create_worker(
            self.controller.work,
            request,
            _connect={"yielded": self.controller.advance, "returned": self._on_outcome},
        )

    def cancel(self) -> None:
        """Stop the run that is under way, after the tile that it is at."""
        if self.state.running:
            self.controller.cancel()
        self._stop_worker()

    def event(self, event: QEvent | None) -> bool:
        """Cancel when the panel is taken out of the window."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.cancel()
        return super().event(event)

    def _lay_out(self) -> None:
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._live = _group("Thresholds (live)", self.thresholds)
        self._classes = _group("Classes", self.legend)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(Column(self.form, self.run_bar, self.message, self._live, self._classes))

    def _connect(self) -> None:
        self.form.image_changed.connect(self._on_image)
        self.form.model.combo.opening.connect(self._refresh_models)
        self.run_bar.run.clicked.connect(self.run)
        self.run_bar.cancel.clicked.connect(self.cancel)
        self.thresholds.moved.connect(self._pause.start)
        self._pause.timeout.connect(self._decode)
        self.legend.hidden_changed.connect(self._on_hidden)
        self.state.events.message.connect(self._on_message)
        self._viewer.layers.events.removed.connect(self._on_removed)
        self._viewer.layers.events.inserted.connect(lambda event: self._watch(event.value))
        for layer in self._viewer.layers:
            self._watch(layer)

    def _watch(self, layer: Any) -> None:
        if isinstance(layer, Image):
            layer.events.data.connect(self._on_pixels)

    def _on_pixels(self, event: Any) -> None:
        """Another picture in the same layer: what was found in the former one is no longer its own."""
        key, current = event.source.unique_id, self.form.current_image()
        if self.controller.is_running_on(key):
            self.cancel()
        self.controller.forget(key)
        if current is not None and current.unique_id == key:
            self._on_image(current)

    def _on_choices(self, choices: Choices) -> None:
        self.form.fill(choices)
        self.state.message = ""
        self.run_bar.set_ready(True)

    def _refresh_models(self) -> None:
        """Models may have been imported or trained since the list was made."""
        if self.state.models:
            self.form.model.fill(load_choices().models)

    def _on_image(self, layer: Any) -> None:
        if layer is not None:
            self.state.mpp, self.state.mpp_source = read_mpp(layer)
        self._show_legend()

    def _on_message(self, message: str) -> None:
        self.message.setText(message)

    def _on_removed(self, event: Any) -> None:
        self.controller.forget(event.value.unique_id)

    def _stop_worker(self) -> None:
        if self._worker is not None:
            self._worker.quit()
            self._worker = None

    def _decode(self) -> None:
        """Decode the kept maps with the thresholds of now; one decoding at a time, the latest wins."""
        layer = self.form.current_image()
        if self._decoding or layer is None:
            return
        request = self.controller.revise(layer.unique_id)
        if request is not None:
            self._decoding = True
            create_quiet_worker(self.controller.decode, request, _connect={"returned": self._on_decoded})

    def _on_decoded(self, outcome: Outcome) -> None:
        self._decoding = False
        self._on_outcome(outcome)

    def _on_outcome(self, outcome: Outcome) -> None:
        layer = next((x for x in self._viewer.layers if x.unique_id == outcome.request.source.key), None)
        now = None if layer is None else find_layer(self._viewer, layer, "nuclei")
        try:
            nuclei, touched = (nuclei_in(now), is_touched(now)) if isinstance(now, Labels) else (None, False)
            shown = self.controller.accept(outcome, nuclei, touched)
        except Exception as error:
            self._report(error)
            return
        if layer is None:
            self.controller.forget(outcome.request.source.key)
        if shown is None or layer is None:
            return
        if shown.new_layer and now is not None:
            disown(now)
        self._show(shown, layer)
        self._decode()

    def _show(self, shown: Shown, layer: Any) -> None:
        request = shown.request
        calibrate(self._viewer, layer, request.mpp, request.mpp_source)
        region = request.source.region
        add_result(
            self._viewer,
            shown.result,
            layer,
            graph=shown.graph,
            offset=(region.y, region.x),
            hidden=self.state.hidden,
        )
        self._show_legend()

    def _show_legend(self) -> None:
        layer = self.form.current_image()
        shown = None if layer is None else self.controller.shown(layer.unique_id)
        self.legend.show_nuclei(None if shown is None else shown.result.nuclei, self.state.hidden)
        self._classes.setVisible(shown is not None)
        self._live.setVisible(shown is not None and shown.result.maps is not None)

    def _on_hidden(self, hidden: frozenset[str]) -> None:
        self.state.hidden = hidden
        layer = self.form.current_image()
        shown = None if layer is None else self.controller.shown(layer.unique_id)
        if shown is not None:
            hide_classes(self._viewer, layer, shown.result.nuclei, hidden)

    def _report(self, error: Exception) -> None:
        self.state.message = str(error)
        report(error)


def _group(title: str, widget: QWidget) -> QGroupBox:
    group = QGroupBox(title)
    inside = QVBoxLayout(group)
    inside.addWidget(widget)
    return group
