"""Segment this or all, Cancel, how far the queue is, and where results go."""

from __future__ import annotations

from qtpy.QtWidgets import QGridLayout, QProgressBar, QPushButton, QWidget

from napari_nucleus.app.browse_state import BrowseState
from napari_nucleus.app.choices import Choices
from napari_nucleus.gui.opening_combo import OpeningCombo


class QueueBar(QWidget):
    """Buttons and progress; mirrors a `BrowseState`."""

    def __init__(self, state: BrowseState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._ready = False
        self.model, self.bar = OpeningCombo(), QProgressBar()
        self.this, self.all = QPushButton("Segment this"), QPushButton("Segment all")
        self.cancel, self.save = QPushButton("Cancel"), QPushButton("Save results…")
        self.model.setToolTip("The model that segments")
        self.save.setToolTip("Write labels, tables, GeoJSON and overlays of all segmented patches to a folder")
        self.model.activated.connect(self._on_model)
        self._lay_out()
        for event in ("running", "patches", "shown", "current"):
            getattr(state.events, event).connect(self._show)
        state.events.progress.connect(self._show_progress)
        self._show()

    def fill(self, choices: Choices) -> None:
        """Offer the models that have weights; the one that was chosen before stays."""
        former = self.model.currentData()
        self.model.clear()
        for model in choices.models:
            if not model.lacks:
                self.model.addItem(model.name, model.name)
        self.model.setCurrentIndex(max(self.model.findData(former), 0))
        self._ready = self.model.count() > 0
        self._on_model()
        self._show()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.model, 0, 0, 1, 2)
        grid.addWidget(self.this, 1, 0)
        grid.addWidget(self.all, 1, 1)
        grid.addWidget(self.bar, 2, 0, 1, 2)
        grid.addWidget(self.save, 3, 0)
        grid.addWidget(self.cancel, 3, 1)

    def _on_model(self) -> None:
        self._state.model = self.model.currentData() or ""

    def _show(self) -> None:
        state = self._state
        self.this.setEnabled(self._ready and state.current is not None)
        self.all.setEnabled(self._ready and bool(state.shown))
        self.all.setText(f"Segment all {len(state.shown):,}" if state.shown else "Segment all")
        self.save.setEnabled(state.patches is not None and not state.running)
        self.cancel.setEnabled(state.running)
        self.bar.setVisible(state.running)
        self._show_progress()

    def _show_progress(self) -> None:
        progress = self._state.progress
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        self.bar.setFormat(progress.message)
