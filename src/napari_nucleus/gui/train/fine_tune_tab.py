"""*Fine-tune*: a model goes on learning from layers or a folder."""

from __future__ import annotations

from typing import Any

import napari.viewer
from napari.layers import Image, Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QWidget

from napari_nucleus.app.choices import Choices
from napari_nucleus.app.training.annotated import LayerPair
from napari_nucleus.app.training.orders import FineTuneOrder, FolderLook
from napari_nucleus.core import NucleusError
from napari_nucleus.gui.evaluate.form import labels_source
from napari_nucleus.gui.layers.result import is_ours
from napari_nucleus.gui.segment.layer_combo import LayerCombo
from napari_nucleus.gui.segment.source import source_of
from napari_nucleus.gui.train.fields import FolderField, RunFields, form, narrow
from napari_nucleus.gui.train.models import ModelCombo, card_of
from napari_nucleus.gui.train.preview import is_preview

_PARTS = {
    "nuclei": ("class of each nucleus (seconds)", "A classifier over what the network sees of each nucleus"),
    "heads": ("last layers", "What reads the network's features: NP, HoVer and type"),
    "decoder": ("decoder", "All that reads the encoder's features"),
    "whole": ("whole network", "Everything; slow on a processor, and the likeliest to forget"),
}


class FineTuneTab(QWidget):
    """What to learn, from what, starting from which model."""

    title = "Fine-tune"

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._look: FolderLook | None = None
        self.source, self.image = narrow(QComboBox()), LayerCombo(viewer, _is_image)
        self.nuclei = LayerCombo(viewer, _has_nuclei)
        self.folder, self.found = FolderField("images with their annotation"), QLabel()
        self.model, self.part, self.classes = ModelCombo(), narrow(QComboBox()), narrow(QComboBox())
        self.edited = QCheckBox("only nuclei that I changed")
        self.partial = QCheckBox("other nuclei are not annotated")
        self.rehearsal = FolderField("what the model learnt from (optional)")
        self.run = RunFields("tuned", 200)
        self._explain()
        self._lay_out()
        self.source.currentIndexChanged.connect(self._show_source)
        self._show_source()

    def fill(self, choices: Choices) -> None:
        """Offer models and devices."""
        self.model.fill(choices.models)
        self.run.fill(choices.devices)

    def show_look(self, look: FolderLook | None) -> None:
        """Tell what is in the folder."""
        self._look = look
        self.found.setText("" if look is None else f"{look.images:,} images; {', '.join(look.scheme.classes)}")

    def order(self) -> FineTuneOrder:
        """What was chosen.

        Raises
        ------
        NucleusError
            Something is missing, or layers don't fit together.
        """
        card = card_of(self.model.currentText())
        layers = self.source.currentData() == "layers"
        pairs = (self._pair(),) if layers else ()
        scheme = pairs[0].nuclei.scheme if pairs else None if self._look is None else self._look.scheme
        if scheme is None:
            raise NucleusError("Expected a folder of annotated images, got none. Choose one.")
        return FineTuneOrder(
            name=self.run.name.text().strip(),
            start=self.model.currentText(),
            start_scheme=card.scheme,
            scheme=scheme,
            part=self.part.currentData(),
            layers=pairs,
            folder="" if layers else self.folder.text(),
            keep_classes=self.classes.currentData() == "model",
            partial=self.partial.isChecked() or (layers and self.edited.isChecked()),
            rehearsal=self.rehearsal.text(),
            steps=self.run.steps.value(),
            device=self.run.device.currentText() or "auto",
        )

    def _pair(self) -> LayerPair:
        image, labels = self.image.current(), self.nuclei.current()
        if image is None or labels is None:
            raise NucleusError("Expected an image and its nuclei, got none. Open or segment an image first.")
        nuclei = labels_source(labels)
        if nuclei.scheme is None:
            raise NucleusError(
                f"Expected nuclei with classes, got {labels.name!r}, which has none. Segment nuclei, or read an "
                "annotation with classes."
            )
        return LayerPair(source_of(self._viewer, image, "image"), nuclei, self.edited.isChecked())

    def _explain(self) -> None:
        self.source.addItem("layers", "layers")
        self.source.addItem("folder or project", "folder")
        for key, (text, tip) in _PARTS.items():
            self.part.addItem(text, key)
            self.part.setItemData(self.part.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.classes.addItem("of the annotation", "annotation")
        self.classes.addItem("of the model", "model")
        self.classes.setToolTip("Which classes the model tells apart afterwards; those of one name keep their weights")
        self.edited.setToolTip("Nuclei that you painted, or whose class you set")
        self.partial.setToolTip("Nothing is taught to be background where nobody annotated")
        self.partial.setChecked(True)
        self.rehearsal.setToolTip("Mixed in, so that the model doesn't forget; without it, it is kept close to itself")
        self.found.setWordWrap(True)

    def _lay_out(self) -> None:
        rows = form()
        self.setLayout(rows)
        rows.addRow("learn from", self.source)
        rows.addRow("image", self.image)
        rows.addRow("nuclei", self.nuclei)
        rows.addRow("", self.edited)
        rows.addRow("folder", self.folder)
        rows.addRow("", self.found)
        rows.addRow("", self.partial)
        rows.addRow("start from", self.model)
        rows.addRow("what learns", self.part)
        rows.addRow("classes", self.classes)
        rows.addRow("rehearse", self.rehearsal)
        self.run.add_to(rows)
        self._rows = rows

    def _show_source(self) -> None:
        layers = self.source.currentData() == "layers"
        shown = {self.image: layers, self.nuclei: layers, self.edited: layers, self.folder: not layers}
        for widget, visible in {**shown, self.found: not layers}.items():
            self._rows.setRowVisible(widget, visible)


def _is_image(layer: Any) -> bool:
    return isinstance(layer, Image) and not is_ours(layer) and not is_preview(layer)


def _has_nuclei(layer: Any) -> bool:
    """Whether a layer holds nuclei with classes."""
    return isinstance(layer, Labels) and "classes" in layer.metadata
