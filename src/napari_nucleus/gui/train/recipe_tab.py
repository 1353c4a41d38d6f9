"""*Recipe*: any training that somebody wrote down."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QSpinBox, QWidget

from napari_nucleus.app.choices import Choices
from napari_nucleus.app.training.orders import RecipeOrder
from napari_nucleus.core import NucleusError
from napari_nucleus.gui.train.fields import FolderField, form, narrow

_KINDS = {
    "train": "train from scratch",
    "fine_tune": "fine-tune",
    "distill": "distil",
    "relabel": "cross-relabel",
    "graph": "graph classifier",
    "clip": "CLIP of nuclei",
}


class RecipeTab(QWidget):
    """A TOML file and the folder that holds its data."""

    title = "Recipe"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path, self.choose, self.kind = QLineEdit(), QPushButton("…"), narrow(QComboBox())
        self.folder, self.steps, self.device = FolderField("folder of its data sets"), QSpinBox(), QComboBox()
        self.path.setPlaceholderText("recipe (TOML)")
        self.choose.setFixedWidth(44)
        self.choose.clicked.connect(self._on_choose)
        for key, text in _KINDS.items():
            self.kind.addItem(text, key)
        self.steps.setRange(0, 10_000_000)
        self.steps.setSpecialValueText("as in the recipe")
        file = QWidget()
        row = QHBoxLayout(file)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.path, 1)
        row.addWidget(self.choose)
        rows = form()
        self.setLayout(rows)
        rows.addRow("recipe", file)
        rows.addRow("kind", self.kind)
        rows.addRow("data", self.folder)
        rows.addRow("steps", self.steps)
        rows.addRow("device", self.device)

    def fill(self, choices: Choices) -> None:
        """Offer devices."""
        self.device.clear()
        self.device.addItems(list(choices.devices))

    def order(self) -> RecipeOrder:
        """What was chosen.

        Raises
        ------
        NucleusError
            Something is missing.
        """
        if not self.path.text().strip() or not self.folder.text():
            raise NucleusError("Expected a recipe and the folder of its data sets, got none. Choose both.")
        return RecipeOrder(
            path=Path(self.path.text().strip()).expanduser(),
            kind=self.kind.currentData(),
            folder=self.folder.text(),
            steps=self.steps.value() or None,
            device=self.device.currentText() or "auto",
        )

    def _on_choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Recipe", self.path.text(), "Recipes (*.toml)")
        if path:
            self.path.setText(path)
