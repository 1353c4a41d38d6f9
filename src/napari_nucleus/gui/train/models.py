"""Lists of models to start or learn from."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox

from napari_nucleus.app.choices import ModelChoice
from napari_nucleus.core import NucleusError
from napari_nucleus.gui.opening_combo import OpeningCombo
from napari_nucleus.gui.train.fields import narrow
from napari_nucleus.models import ModelCard


class ModelCombo(OpeningCombo):
    """The models that have weights."""

    def __init__(self) -> None:
        super().__init__()
        narrow(self)

    def fill(self, models: tuple[ModelChoice, ...]) -> None:
        """Offer models; what was chosen before stays."""
        usable = [model for model in models if not model.lacks]
        if [model.name for model in usable] == [self.itemText(row) for row in range(self.count())]:
            return
        former = self.currentText()
        self.clear()
        for model in usable:
            self.addItem(model.name, model)
        self.setCurrentIndex(max(0, self.findText(former)))


def offer_architectures(combo: QComboBox) -> None:
    """Offer what can be trained from fresh weights."""
    from napari_nucleus.models.registry import architectures, is_dense

    former = combo.currentText() or "nucleus_small"
    combo.clear()
    combo.addItems([name for name in architectures() if is_dense(name)])
    combo.setCurrentText(former)


def card_of(name: str) -> ModelCard:
    """The card of a model with weights.

    Raises
    ------
    NucleusError
        There is no such model, or it has no weights.
    """
    from napari_nucleus.models.zoo import find_model

    if not name:
        raise NucleusError("Expected a model, got none. Wait until the list of models is there.")
    info = find_model(name)
    if info.card is None:
        raise NucleusError(f"Expected a model with trained weights, got {name!r}. Choose another.")
    return info.card
