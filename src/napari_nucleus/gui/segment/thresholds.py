"""Sliders that decode the kept maps anew while they move."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QWidget
from superqt import QLabeledDoubleSlider
from superqt.utils import signals_blocked

from napari_nucleus.app.segment_state import SegmentState

_SLIDERS = {
    "np_threshold": ("NP threshold", 0.05, 0.95, 2, "A pixel is nucleus from this NP probability on"),
    "marker_threshold": (
        "marker threshold",
        0.05,
        0.95,
        2,
        "Lower: more touching nuclei are separated, small ones may go",
    ),
    "min_area_um2": ("minimum area (µm²)", 0.0, 60.0, 1, "Smaller nuclei are dropped, in µm²"),
}


class ThresholdSliders(QWidget):
    """NP threshold, marker threshold and smallest area; mirrors ``SegmentState.thresholds``."""

    moved = Signal()

    def __init__(self, state: SegmentState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.sliders: dict[str, Any] = {}
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        for name, (label, low, high, decimals, tip) in _SLIDERS.items():
            slider: Any = QLabeledDoubleSlider(Qt.Orientation.Horizontal)  # its stubs are those of whole numbers
            slider.setRange(low, high)
            slider.setSingleStep(10**-decimals)
            slider.setDecimals(decimals)
            slider.setToolTip(tip)
            slider.valueChanged.connect(self._on_moved)
            self.sliders[name] = slider
            rows.addRow(label, slider)
        state.events.thresholds.connect(self._show)
        self._show()

    def _on_moved(self) -> None:
        values = {name: round(slider.value(), 4) for name, slider in self.sliders.items()}
        self._state.thresholds = replace(self._state.thresholds, **values)
        self.moved.emit()

    def _show(self) -> None:
        for name, slider in self.sliders.items():
            with signals_blocked(slider):
                slider.setValue(getattr(self._state.thresholds, name))
