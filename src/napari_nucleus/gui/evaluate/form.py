"""What to compare with what."""

from __future__ import annotations

from typing import Any

import napari.viewer
import numpy as np
from napari.layers import Labels
from qtpy.QtWidgets import QFormLayout, QPushButton, QWidget

from napari_nucleus.app.evaluate_state import LayerSource
from napari_nucleus.core import ClassScheme, NucleusError
from napari_nucleus.gui.evaluate.error_layer import is_error_layer
from napari_nucleus.gui.layers.place import read_mpp
from napari_nucleus.gui.layers.result import is_ours
from napari_nucleus.gui.segment.layer_combo import LayerCombo

_REFERENCES = ("truth", "reference", "annot", "ground", "gt", "manual")


class CompareForm(QWidget):
    """Prediction, reference, and the button."""

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.prediction = LayerCombo(viewer, _offers, lambda layer: not _is_reference(layer))
        self.reference = LayerCombo(viewer, _offers, _is_reference)
        self.compare = QPushButton("Compare")
        self.prediction.setToolTip("The nuclei to score; correct them here, and the numbers follow")
        self.reference.setToolTip("The nuclei that are right: an annotation")
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("prediction", self.prediction)
        rows.addRow("reference", self.reference)
        rows.addRow(self.compare)

    def layers(self) -> tuple[Labels, Labels]:
        """Prediction and reference.

        Raises
        ------
        NucleusError
            There aren't two different layers.
        """
        prediction, reference = self.prediction.current(), self.reference.current()
        if prediction is None or reference is None:
            raise NucleusError("Expected two layers of nuclei, got none. Segment nuclei, or open an annotation.")
        if prediction.unique_id == reference.unique_id:
            raise NucleusError(
                f"Expected two different layers, got {prediction.name!r} twice. Choose the annotation as reference."
            )
        return prediction, reference


def labels_source(layer: Labels) -> LayerSource:
    """What a layer holds now, copied.

    Raises
    ------
    NucleusError
        It has several levels.
    """
    if layer.multiscale:
        raise NucleusError(f"Expected labels of one level, got several in {layer.name!r}. Use its full resolution.")
    kinds = layer.metadata.get("classes")
    kinds = kinds if isinstance(kinds, ClassScheme) else None
    return LayerSource(layer.name, np.array(layer.data), layer.features.copy(), kinds, read_mpp(layer)[0])


def _offers(layer: Any) -> bool:
    """Labels layers, without those of ours that don't show nuclei."""
    if not isinstance(layer, Labels) or is_error_layer(layer):
        return False
    return not is_ours(layer) or "classes" in layer.metadata


def _is_reference(layer: Any) -> bool:
    return any(word in layer.name.lower() for word in _REFERENCES)
