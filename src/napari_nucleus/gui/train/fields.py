"""Fields that the tabs share."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

_BUTTON_PX = 44


class FolderField(QWidget):
    """A folder, written or chosen; ``changed`` brings it when it is settled."""

    changed = Signal(str)

    def __init__(self, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path, self.choose = QLineEdit(), QPushButton("…")
        self.path.setPlaceholderText(hint)
        self.choose.setToolTip("Choose a folder")
        self.choose.setFixedWidth(_BUTTON_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.path, 1)
        row.addWidget(self.choose)
        self.path.editingFinished.connect(lambda: self.changed.emit(self.text()))
        self.choose.clicked.connect(self._on_choose)

    def text(self) -> str:
        """The path as it is written."""
        return self.path.text().strip()

    def set(self, folder: str) -> None:
        """Put a folder in."""
        self.path.setText(folder)
        self.changed.emit(folder)

    def _on_choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder", self.text())
        if folder:
            self.set(folder)


class RunFields:
    """Name, length and device of a run, as rows of a form."""

    def __init__(self, name: str, steps: int) -> None:
        self.wanted = name
        self.name, self.steps, self.device = QLineEdit(name), QSpinBox(), QComboBox()
        self.name.setToolTip("Of the run and of the model that comes of it")
        self.steps.setRange(1, 10_000_000)
        self.steps.setValue(steps)
        self.steps.setGroupSeparatorShown(True)
        self.steps.setToolTip("Updates of the weights; the job tells how long they take")
        self.device.setToolTip("Where it trains; auto takes the fastest. One core is left to the window.")
        self.device.addItem("auto")

    def add_to(self, rows: QFormLayout) -> None:
        """Add the rows."""
        rows.addRow("name", self.name)
        rows.addRow("steps", self.steps)
        rows.addRow("device", self.device)

    def fill(self, devices: tuple[str, ...]) -> None:
        """Offer devices."""
        self.device.clear()
        self.device.addItems(list(devices))


def form() -> QFormLayout:
    """Rows without margins, fields as wide as there is room."""
    rows = QFormLayout()
    rows.setContentsMargins(4, 4, 4, 4)
    rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return rows


def decimal(value: float, low: float, high: float, step: float, tip: str) -> QDoubleSpinBox:
    """A field for a number with two decimals."""
    box = QDoubleSpinBox()
    box.setRange(low, high)
    box.setDecimals(2)
    box.setSingleStep(step)
    box.setValue(value)
    box.setToolTip(tip)
    return box


def narrow(combo: QComboBox) -> QComboBox:
    """A list that doesn't widen the panel."""
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return combo
