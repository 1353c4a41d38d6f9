"""What is counted, where, and what is shown of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import napari.viewer
from napari.layers import Labels, Shapes
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QWidget

from napari_nucleus.app.composition_state import MEASURES, CompositionState, Shown
from napari_nucleus.gui.evaluate.error_layer import is_error_layer
from napari_nucleus.gui.layers.result import is_ours
from napari_nucleus.gui.segment.layer_combo import LayerCombo

_ALARM = "color: #E69F00; font-weight: bold;"


@dataclass(frozen=True, slots=True)
class _NoLayer:
    """Stands in the list for "no regions"."""

    name: str = "whole image only"
    unique_id: str = ""


class RegionCombo(LayerCombo):
    """Layers of regions, and none of them; shapes that are added become the current one."""

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(viewer, _shows_regions, lambda layer: isinstance(layer, Shapes), parent)
        self.insertItem(0, _NoLayer().name, _NoLayer())
        if not isinstance(self.currentData(), Shapes):
            self.setCurrentIndex(0)

    def current(self) -> Any:
        """The chosen layer; None for the whole image only."""
        chosen = self.currentData()
        return None if isinstance(chosen, _NoLayer) else chosen


class CompositionForm(QWidget):
    """Nuclei, regions, pixel size and measure; mirrors a `CompositionState`."""

    def __init__(self, viewer: napari.viewer.Viewer, state: CompositionState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.nuclei = LayerCombo(viewer, shows_nuclei)
        self.regions = RegionCombo(viewer)
        self.mpp, self.measure = QLabel(), QComboBox()
        self.nuclei.setToolTip("A layer of nuclei with their classes")
        self.regions.setToolTip("Shapes (rectangles, ellipses, polygons) or Labels drawn on the image")
        for key, name in MEASURES.items():
            self.measure.addItem(name, key)
        self.measure.setCurrentIndex(self.measure.findData(state.measure))
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("nuclei", self.nuclei)
        rows.addRow("regions", self.regions)
        rows.addRow("pixel size", self.mpp)
        rows.addRow("show", self.measure)
        self.measure.currentIndexChanged.connect(lambda: setattr(state, "measure", self.measure.currentData()))
        state.events.shown.connect(self._on_shown)
        self._on_shown(state.shown)

    def _on_shown(self, shown: Shown | None) -> None:
        assumed = shown is not None and shown.mpp_source == "assumed"
        told = "–" if shown is None else f"{shown.mpp:.4g} µm"
        self.mpp.setText(f"{told} assumed – check!" if assumed else told)
        self.mpp.setStyleSheet(_ALARM if assumed else "")


def shows_nuclei(layer: Any) -> bool:
    """Whether a layer has nuclei with classes, as the panels and readers make it."""
    return isinstance(layer, Labels) and "classes" in layer.metadata


def _shows_regions(layer: Any) -> bool:
    painted = isinstance(layer, Labels) and not (shows_nuclei(layer) or is_ours(layer) or is_error_layer(layer))
    return painted or isinstance(layer, Shapes)
