"""The panel *Composition*: parts put together, and the counting sent to threads."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import napari.viewer
from napari.layers import Image, Labels
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import QFileDialog, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt.utils import create_worker

from napari_nucleus.app.composition import CompositionController
from napari_nucleus.app.composition_state import Composed, CompositionRequest
from napari_nucleus.app.composition_text import columns_of, headline
from napari_nucleus.core import NucleusError
from napari_nucleus.gui.composition.form import CompositionForm
from napari_nucleus.gui.composition.plot import CompositionPlot, class_colors_of
from napari_nucleus.gui.composition.regions import regions_in
from napari_nucleus.gui.composition.table import CompositionTable
from napari_nucleus.gui.composition.watch import Watch
from napari_nucleus.gui.evaluate.form import labels_source
from napari_nucleus.gui.layers.place import read_mpp
from napari_nucleus.gui.layers.result import find_layer
from napari_nucleus.gui.report import report
from napari_nucleus.gui.segment.column import Column

_PAUSE_MS, _WIDTH_PX = 150, 380
_NO_NUCLEI = "No layer of nuclei yet: segment nuclei, or open some."


class CompositionPanel(QWidget):
    """Counts, densities and fractions of a layer of nuclei; they follow the layers.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    controller : CompositionController, optional
        What does the work; made here by default.
    """

    def __init__(self, viewer: napari.viewer.Viewer, controller: CompositionController | None = None) -> None:
        super().__init__()
        self._viewer = viewer
        self.controller = CompositionController() if controller is None else controller
        self.state = self.controller.state
        self._working, self._waiting = False, False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._watch = Watch(self)
        self.form = CompositionForm(viewer, self.state)
        self.message, self.headline = QLabel(), QLabel()
        self.table, self.plot = CompositionTable(), CompositionPlot()
        self.save = QPushButton("Save CSV…")
        self._lay_out()
        self._connect()
        self._on_layers()

    def save_to(self, path: Path) -> None:
        """Write all numbers, whatever is shown, as CSV."""
        try:
            self.controller.save(path)
        except NucleusError as error:
            report(error)

    def event(self, event: QEvent | None) -> bool:
        """Let go of the layers when the panel is taken out of the window, and look again when it comes back."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self._pause.stop()
                self._waiting = False
                self._watch.look_at()
                self.controller.outdate()
            else:
                self._on_layers()
        return super().event(event)

    def _lay_out(self) -> None:
        for label in (self.message, self.headline):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.headline.setTextFormat(Qt.TextFormat.RichText)
        self.form.setMinimumWidth(_WIDTH_PX)  # from the start, not from the first numbers on
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(Column(self.form, self.message, self.headline, self.table, self.save, self.plot))

    def _connect(self) -> None:
        self.form.nuclei.currentIndexChanged.connect(self._on_layers)
        self.form.regions.currentIndexChanged.connect(self._on_layers)
        self._watch.changed.connect(self._on_changed)
        self._pause.timeout.connect(self._compose)
        self.table.chosen.connect(lambda row: setattr(self.state, "row", row))
        self.save.clicked.connect(self._on_save)
        self.state.events.shown.connect(self._show)
        self.state.events.measure.connect(self._show)
        self.state.events.row.connect(self._show_headline)
        self.state.events.message.connect(self._show)
        self._viewer.events.theme.connect(self._show)
        self._show()

    def _on_layers(self) -> None:
        """Others are chosen, or the chosen ones are gone."""
        self._watch.look_at(self.form.nuclei.current(), self.form.regions.current())
        self.controller.outdate()
        self._pause.start(0)

    def _on_changed(self) -> None:
        self.controller.outdate()
        self._pause.start(_PAUSE_MS)

    def _compose(self) -> None:
        """Count in a thread; one at a time, the latest wins."""
        self._waiting = self._working
        if self._working:
            return
        nuclei, regions = self.form.nuclei.current(), self.form.regions.current()
        if nuclei is None:
            self.controller.forget(_NO_NUCLEI)
            return
        try:
            request = CompositionRequest(
                self.controller.number,
                labels_source(nuclei),
                self._mpp_source(nuclei),
                None if regions is None else regions_in(regions, nuclei),
            )
        except NucleusError as error:
            self.controller.forget(str(error))
            return
        self._working = True
        create_worker(self.controller.work, request, _connect={"returned": self._on_composed})

    def _on_composed(self, composed: Composed) -> None:
        self._working = False
        try:
            self.controller.accept(composed)
        except Exception as error:
            report(error)
        if self._waiting:
            self._compose()

    def _mpp_source(self, nuclei: Labels) -> str:
        """Where the pixel size of the nuclei comes from: that of the image in which they were found."""
        images = (layer for layer in self._viewer.layers if isinstance(layer, Image))
        owner = next((layer for layer in images if find_layer(self._viewer, layer, "nuclei") is nuclei), nuclei)
        return read_mpp(owner)[1]

    def _show(self, _event: Any = None) -> None:
        shown = self.state.shown
        self.message.setText(self.state.message)
        self.message.setVisible(bool(self.state.message))
        for part in (self.headline, self.plot, self.table, self.save):
            part.setVisible(shown is not None)
        if shown is not None:
            self.plot.show_composition(shown, self.state.measure, self._viewer.theme)
            self.table.show_columns(columns_of(shown, self.state.measure), class_colors_of(shown))
            self._show_headline()

    def _show_headline(self, _row: int = 0) -> None:
        if self.state.shown is not None:
            lines = headline(self.state.shown, self.state.row)
            self.headline.setText("<br>".join(f"<b>{escape(title)}</b>: {escape(what)}" for title, what in lines))
            self.table.show_row(self.state.row)

    def _on_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the composition", "composition.csv", "CSV (*.csv)")
        if path:
            self.save_to(Path(path))
