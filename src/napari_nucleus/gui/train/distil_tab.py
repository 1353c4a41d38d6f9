"""*Distil*: a small student learns from a teacher."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QWidget

from napari_nucleus.app.choices import Choices
from napari_nucleus.app.training.orders import DistilOrder, FolderLook
from napari_nucleus.gui.segment.model_picker import ModelPicker
from napari_nucleus.gui.train.fields import FolderField, RunFields, decimal, form, narrow
from napari_nucleus.gui.train.models import card_of, offer_architectures


class DistilTab(QWidget):
    """Teacher, student, images and how much the teacher's word counts."""

    title = "Distil"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.teacher, self.views = ModelPicker(), QCheckBox("teacher averages over flips")
        self.student = narrow(QComboBox())
        self.folder, self.found = FolderField("annotated images"), QLabel()
        self.unlabelled = FolderField("images without labels (optional)")
        self.temperature = decimal(14, 0.1, 100, 1, "T: how much the teacher's second thoughts count")
        self.alpha = decimal(0.3, 0, 10, 0.1, "α: weight of what the teacher says")
        self.beta = decimal(0.7, 0, 10, 0.1, "β: weight of the labels")
        self.run = RunFields("student", 2000)
        self.student.setToolTip("The network that learns, from fresh weights")
        self.found.setWordWrap(True)
        self._lay_out()

    def fill(self, choices: Choices) -> None:
        """Offer models, architectures and devices."""
        self.teacher.fill(choices.models)
        if not self.student.count():
            offer_architectures(self.student)
        self.run.fill(choices.devices)

    def show_look(self, look: FolderLook | None) -> None:
        """Tell what is in the folder."""
        self.found.setText("" if look is None else f"{look.images:,} images; {', '.join(look.scheme.classes)}")

    def order(self) -> DistilOrder:
        """What was chosen.

        Raises
        ------
        NucleusError
            Something is missing.
        """
        names = self.teacher.names()
        card = card_of(names[0] if names else "")
        return DistilOrder(
            name=self.run.name.text().strip(),
            teacher=names,
            scheme=card.scheme,
            mpp=card.mpp,
            student=self.student.currentText(),
            folder=self.folder.text(),
            unlabelled=self.unlabelled.text(),
            views=self.views.isChecked(),
            temperature=self.temperature.value(),
            alpha=self.alpha.value(),
            beta=self.beta.value(),
            steps=self.run.steps.value(),
            device=self.run.device.currentText() or "auto",
        )

    def _lay_out(self) -> None:
        rows = form()
        self.setLayout(rows)
        rows.addRow("teacher", self.teacher)
        rows.addRow("", self.views)
        rows.addRow("student", self.student)
        rows.addRow("images", self.folder)
        rows.addRow("", self.found)
        rows.addRow("unlabelled", self.unlabelled)
        weights = QWidget()
        row = QHBoxLayout(weights)
        row.setContentsMargins(0, 0, 0, 0)
        for text, box in (("T", self.temperature), ("α", self.alpha), ("β", self.beta)):
            row.addWidget(QLabel(text))
            row.addWidget(box, 1)
        rows.addRow("weights", weights)
        self.run.add_to(rows)
