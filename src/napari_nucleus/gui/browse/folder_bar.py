"""What to browse: the folder, what its numbers mean, and the filters."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_nucleus.app.browse_state import BrowseState
from napari_nucleus.core import SCHEMES


class FolderBar(QWidget):
    """Folder, pixel size, classes and filters; mirrors a `BrowseState`. ``asked`` brings a folder to open."""

    asked = Signal(object)

    def __init__(self, state: BrowseState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.choose, self.path = QPushButton("Folder…"), QLineEdit()
        self.mpp, self.classes = _mpp_box(), QComboBox()
        self.text, self.tissue, self.count = QLineEdit(), QComboBox(), QLabel()
        self._explain()
        self._lay_out()
        self._connect()
        self._show_patches()

    def given_mpp(self) -> float | None:
        """Pixel size in µm, if the user sets it."""
        return self.mpp.value() or None

    def show_mpp(self, mpp: float | None) -> None:
        """Show the pixel size of the patch on the canvas; None where nothing says it."""
        self.mpp.setSpecialValueText("0.25 µm assumed – check!" if mpp is None else f"{mpp:.4g} µm, of the folder")
        self.mpp.setStyleSheet("color: #E69F00; font-weight: bold;" if mpp is None else "")

    def given_classes(self) -> str | None:
        """Class scheme, if the user sets it."""
        name: str | None = self.classes.currentData()
        return name

    def _explain(self) -> None:
        self.path.setPlaceholderText("images, NPZ files or a fold of PanNuke")
        self.path.setToolTip("A folder of images with their truth beside them, of NPZ files, or a fold of PanNuke")
        self.mpp.setToolTip("Pixel size of all patches in µm: 0.25 at 40×, 0.5 at 20×")
        self.classes.addItem("of the folder", None)
        for name in SCHEMES:
            self.classes.addItem(name, name)
        self.classes.setToolTip("What the class numbers of the truth mean")
        self.text.setPlaceholderText("name or tissue")
        self.text.setClearButtonEnabled(True)
        self.tissue.setToolTip("Tissue")
        for combo in (self.classes, self.tissue):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def _lay_out(self) -> None:
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow(self.choose, self.path)
        rows.addRow("pixel size", self.mpp)
        rows.addRow("classes", self.classes)
        rows.addRow("filter", _side_by_side(self.text, self.tissue))
        rows.addRow("", self.count)

    def _connect(self) -> None:
        state = self._state
        self.choose.clicked.connect(self._on_choose)
        self.path.returnPressed.connect(lambda: self.asked.emit(Path(self.path.text().strip())))
        self.mpp.valueChanged.connect(self._ask_again)
        self.classes.activated.connect(self._ask_again)
        self.text.textChanged.connect(lambda text: setattr(state, "text", text))
        self.tissue.activated.connect(lambda: setattr(state, "tissue", self.tissue.currentData()))
        state.events.patches.connect(self._show_patches)
        state.events.shown.connect(self._show_count)
        state.events.text.connect(lambda text: self.text.setText(text))

    def _on_choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of patches", self.path.text())
        if folder:
            self.asked.emit(Path(folder))

    def _ask_again(self) -> None:
        if self._state.patches is not None:
            self.asked.emit(self._state.patches.folder)

    def _show_patches(self) -> None:
        patches = self._state.patches
        tissues = [] if patches is None else sorted({tissue for tissue in patches.tissues if tissue})
        with signals_blocked(self.tissue):
            self.tissue.clear()
            self.tissue.addItem("all", None)
            for tissue in tissues:
                self.tissue.addItem(tissue, tissue)
        self.tissue.setVisible(bool(tissues))
        if patches is not None:
            self.path.setText(str(patches.folder))
        self._show_count()

    def _show_count(self) -> None:
        patches = self._state.patches
        total = 0 if patches is None else len(patches)
        shown = len(self._state.shown)
        self.count.setText(f"{shown:,} of {total:,} patches" if shown != total else f"{total:,} patches")
        self.count.setVisible(patches is not None)


def _side_by_side(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget, 1)
    return row


def _mpp_box() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0, 100)
    box.setDecimals(4)
    box.setSingleStep(0.01)
    box.setSuffix(" µm")
    box.setSpecialValueText("of the folder")
    box.setKeyboardTracking(False)
    return box
