"""What to segment and how: the upper part of the panel."""

from __future__ import annotations

import napari.viewer
from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QLabel, QWidget
from superqt.utils import signals_blocked

from napari_nucleus.app.choices import Choices
from napari_nucleus.app.segment_state import SegmentState
from napari_nucleus.gui.segment.layer_combo import ImageCombo
from napari_nucleus.gui.segment.model_picker import ModelPicker

_EXTENTS = {"image": "whole image", "view": "current view", "shapes": "drawn shapes"}
_SOURCES = {
    "file": "from the file",
    "layer": "from the layer's scale",
    "user": "set by you",
    "assumed": "assumed – check!",
}
_ALARM = "color: #E69F00; font-weight: bold;"


class SegmentForm(QWidget):
    """Image, model, device, pixel size and options; mirrors a `SegmentState`."""

    image_changed = Signal(object)

    def __init__(self, viewer: napari.viewer.Viewer, state: SegmentState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.image = ImageCombo(viewer)
        self.model, self.device, self.extent = ModelPicker(), QComboBox(), QComboBox()
        self.mpp, self.mpp_source = _mpp_box(state.mpp), QLabel()
        self.tta, self.keep_maps = QCheckBox("average over flips"), QCheckBox("keep maps")
        self.cost = QLabel()
        self._explain()
        self._lay_out()
        self._connect()
        self._show_mpp()
        self._show_cost()

    def fill(self, choices: Choices) -> None:
        """Offer models and devices; what has no weights is greyed out, with the reason."""
        self.model.fill(choices.models)
        self.device.clear()
        self.device.addItems(list(choices.devices))

    def current_image(self) -> Image | None:
        """The chosen layer."""
        return self.image.current()

    def _explain(self) -> None:
        self.image.setToolTip("The image layer to segment")
        self.device.setToolTip("Where the network runs; auto takes the fastest")
        self.mpp.setToolTip("Pixel size in µm: 0.25 at 40×, 0.5 at 20×; the model sees the image at its own")
        self.tta.setToolTip("Three views of each model: as it is, flipped left to right, flipped top to bottom")
        self.keep_maps.setToolTip("Keep the NP, HoVer and type maps as layers; the thresholds below need them")
        self.keep_maps.setChecked(self._state.keep_maps)
        for key, text in _EXTENTS.items():
            self.extent.addItem(text, key)
        for combo in (self.device, self.extent):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def _lay_out(self) -> None:
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("image", self.image)
        rows.addRow("model", self.model)
        rows.addRow("device", self.device)
        rows.addRow("pixel size (mpp)", self.mpp)
        rows.addRow("", self.mpp_source)
        rows.addRow("extent", self.extent)
        rows.addRow("", self.tta)
        rows.addRow("", self.cost)
        rows.addRow("", self.keep_maps)

    def _connect(self) -> None:
        state = self._state
        self.image.currentIndexChanged.connect(self._on_image)
        self.model.changed.connect(self._on_model)
        self.device.currentTextChanged.connect(lambda text: setattr(state, "device", text or "auto"))
        self.extent.currentIndexChanged.connect(lambda: setattr(state, "extent", self.extent.currentData()))
        self.tta.toggled.connect(self._on_tta)
        self.keep_maps.toggled.connect(lambda on: setattr(state, "keep_maps", on))
        self.mpp.valueChanged.connect(self._on_mpp)
        state.events.mpp.connect(self._show_mpp)
        state.events.mpp_source.connect(self._show_mpp)

    def _on_image(self) -> None:
        self.image_changed.emit(self.current_image())

    def _on_model(self) -> None:
        model = self.model.model()
        former, self._state.models = self._state.models, self.model.names()
        if model is not None and former[:1] != self._state.models[:1]:
            self._state.thresholds = model.thresholds
        self._show_cost()

    def _on_tta(self, on: bool) -> None:
        self._state.tta = on
        self._show_cost()

    def _show_cost(self) -> None:
        passes = self._state.passes
        self.cost.setVisible(passes > 1)
        self.cost.setText(f"{passes} passes: about {passes} × the time")

    def _on_mpp(self, value: float) -> None:
        self._state.mpp_source = "user"
        self._state.mpp = value

    def _show_mpp(self) -> None:
        with signals_blocked(self.mpp):
            self.mpp.setValue(self._state.mpp)
        source = self._state.mpp_source
        self.mpp_source.setText(_SOURCES[source])
        self.mpp_source.setStyleSheet(_ALARM if source == "assumed" else "")


def _mpp_box(value: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0.01, 100)
    box.setDecimals(4)
    box.setSingleStep(0.01)
    box.setSuffix(" µm")
    box.setKeyboardTracking(False)
    box.setValue(value)
    return box
