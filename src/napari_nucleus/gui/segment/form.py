"""What to segment and how: the upper part of the panel."""

from __future__ import annotations

import napari.viewer
from napari.layers import Image
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QStandardItem, QStandardItemModel
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QLabel, QWidget
from superqt.utils import signals_blocked

from napari_nucleus.app.choices import Choices, ModelChoice
from napari_nucleus.app.segment_state import SegmentState
from napari_nucleus.gui.segment.layer_combo import ImageCombo

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
        self.model, self.device, self.extent = QComboBox(), QComboBox(), QComboBox()
        self.mpp, self.mpp_source = _mpp_box(state.mpp), QLabel()
        self.tta, self.keep_maps = QCheckBox("average over flips (3 × time)"), QCheckBox("keep maps")
        self._explain()
        self._lay_out()
        self._connect()
        self._show_mpp()

    def fill(self, choices: Choices) -> None:
        """Offer models and devices; what has no weights is greyed out, with the reason."""
        self.model.clear()
        for row, model in enumerate(choices.models):
            self.model.addItem(f"{model.name} ({model.lacks})" if model.lacks else model.name, model)
            self.model.setItemData(row, _tip(model), Qt.ItemDataRole.ToolTipRole)
            self._item(row).setEnabled(not model.lacks)
        usable = next((row for row, model in enumerate(choices.models) if not model.lacks), -1)
        self.model.setCurrentIndex(usable)
        self._on_model()
        self.device.clear()
        self.device.addItems(list(choices.devices))

    def current_image(self) -> Image | None:
        """The chosen layer."""
        return self.image.current()

    def _item(self, row: int) -> QStandardItem:
        items = self.model.model()
        assert isinstance(items, QStandardItemModel)
        item = items.item(row)
        assert item is not None
        return item

    def _explain(self) -> None:
        self.image.setToolTip("The image layer to segment")
        self.device.setToolTip("Where the network runs; auto takes the fastest")
        self.mpp.setToolTip("Pixel size in µm: 0.25 at 40×, 0.5 at 20×; the model sees the image at its own")
        self.keep_maps.setToolTip("Keep the NP, HoVer and type maps as layers; the thresholds below need them")
        self.keep_maps.setChecked(self._state.keep_maps)
        for key, text in _EXTENTS.items():
            self.extent.addItem(text, key)
        for combo in (self.model, self.device, self.extent):
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
        rows.addRow("", self.keep_maps)

    def _connect(self) -> None:
        state = self._state
        self.image.currentIndexChanged.connect(self._on_image)
        self.model.activated.connect(self._on_model)
        self.device.currentTextChanged.connect(lambda text: setattr(state, "device", text or "auto"))
        self.extent.currentIndexChanged.connect(lambda: setattr(state, "extent", self.extent.currentData()))
        self.tta.toggled.connect(lambda on: setattr(state, "tta", on))
        self.keep_maps.toggled.connect(lambda on: setattr(state, "keep_maps", on))
        self.mpp.valueChanged.connect(self._on_mpp)
        state.events.mpp.connect(self._show_mpp)
        state.events.mpp_source.connect(self._show_mpp)

    def _on_image(self) -> None:
        self.image_changed.emit(self.current_image())

    def _on_model(self) -> None:
        model: ModelChoice | None = self.model.currentData()
        self._state.model = "" if model is None else model.name
        if model is not None:
            self._state.thresholds = model.thresholds

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


def _tip(model: ModelChoice) -> str:
    if model.lacks:
        return f"{model.name} has no trained weights yet: train it with a recipe (napari-nucleus train)."
    return model.about
