"""The model, and those that its maps are averaged with."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QAction, QStandardItem, QStandardItemModel
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QMenu, QPushButton, QWidget

from napari_nucleus.app.choices import ModelChoice, why_not
from napari_nucleus.gui.opening_combo import OpeningCombo

_BUTTON_PX = 44


class ModelPicker(QWidget):
    """A model from a list; a button, there where there are several, adds models of the same kind to an ensemble."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.combo, self.more, self.menu = OpeningCombo(), QPushButton("+"), QMenu(self)
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.more.setToolTip("Average with other models")
        self.more.setFixedWidth(_BUTTON_PX)
        self.more.clicked.connect(self._open)
        self.menu.setToolTipsVisible(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.combo, 1)
        row.addWidget(self.more)
        self.combo.activated.connect(self._on_model)

    def fill(self, models: tuple[ModelChoice, ...]) -> None:
        """Offer models; what has no weights is greyed out, with the reason. What was chosen before stays."""
        if models == tuple(self.combo.itemData(row) for row in range(self.combo.count())):
            return
        first, *others = self.names() or ("",)
        self.combo.clear()
        for row, model in enumerate(models):
            self.combo.addItem(f"{model.name} ({model.lacks})" if model.lacks else model.name, model)
            self.combo.setItemData(row, _tip(model), Qt.ItemDataRole.ToolTipRole)
            self._item(row).setEnabled(not model.lacks)
        usable = [row for row, model in enumerate(models) if not model.lacks]
        former = [row for row in usable if models[row].name == first]
        self.combo.setCurrentIndex(next(iter(former + usable), -1))
        self._on_model()
        for action in self.menu.actions():
            action.setChecked(bool(former) and action.isEnabled() and action.text() in others)

    def model(self) -> ModelChoice | None:
        """The model in the list's field."""
        chosen: ModelChoice | None = self.combo.currentData()
        return chosen

    def names(self) -> tuple[str, ...]:
        """The model's name, and those of the models that it is averaged with."""
        chosen = self.model()
        others = tuple(action.text() for action in self.menu.actions() if action.isChecked())
        return () if chosen is None else (chosen.name, *others)

    def _on_model(self) -> None:
        """Offer for the ensemble what fits the model; nothing is ticked at first."""
        chosen = self.model()
        self.menu.clear()
        for row in range(self.combo.count()):
            other = self.combo.itemData(row)
            if chosen is None or other.name == chosen.name or other.lacks:
                continue
            self.menu.addAction(self._action(other, why_not(chosen, other)))
        self.more.setVisible(bool(self.menu.actions()))
        self._on_more()

    def _open(self) -> None:
        self.menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _action(self, other: ModelChoice, reason: str) -> QAction:
        action = QAction(other.name, self.menu)
        action.setCheckable(True)
        action.setEnabled(not reason)
        action.setToolTip(reason or other.about)
        action.toggled.connect(self._on_more)
        return action

    def _on_more(self) -> None:
        number = len(self.names())
        self.more.setText(f"+ {number - 1}" if number > 1 else "+")
        self.changed.emit()

    def _item(self, row: int) -> QStandardItem:
        items = self.combo.model()
        assert isinstance(items, QStandardItemModel)
        item = items.item(row)
        assert item is not None
        return item


def _tip(model: ModelChoice) -> str:
    if model.lacks and not model.about:
        way = "train it with a recipe, or import some (napari-nucleus models import)"
        return f"{model.name} has no trained weights yet: {way}."
    return model.about
