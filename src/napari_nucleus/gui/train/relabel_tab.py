"""*Cross-relabel*: two data sets refine each other's broad class."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QGroupBox, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from napari_nucleus.app.choices import Choices
from napari_nucleus.app.training.orders import FolderLook, RelabelOrder, RelabelSide
from napari_nucleus.core import NucleusError
from napari_nucleus.gui.train.fields import FolderField, RunFields, decimal, form, narrow

_ROW_PX = 21


class SideForm(QGroupBox):
    """A data set: its folder, the class that is too broad, and those that it can teach."""

    folder_changed = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._look: FolderLook | None = None
        self.folder, self.broad, self.fine = FolderField("annotated images"), narrow(QComboBox()), QListWidget()
        self.broad.setToolTip("The class that the other data set is to refine")
        self.fine.setToolTip("The classes that this data set can tell apart, for the other one's broad class")
        rows = form()
        self.setLayout(rows)
        rows.addRow("folder", self.folder)
        rows.addRow("broad class", self.broad)
        rows.addRow("can teach", self.fine)
        self.folder.changed.connect(self.folder_changed)
        self.broad.currentTextChanged.connect(self._offer_fine)
        self._offer_fine()

    def show_look(self, look: FolderLook | None) -> None:
        """Offer the classes of a folder."""
        self._look = look
        self.broad.clear()
        if look is not None:
            self.broad.addItems(list(look.scheme.classes))

    def side(self) -> RelabelSide:
        """What was chosen.

        Raises
        ------
        NucleusError
            Something is missing.
        """
        if self._look is None:
            raise NucleusError(f"Expected a folder as {self.title()}, got none. Choose one with annotated images.")
        items = [self.fine.item(row) for row in range(self.fine.count())]
        fine = tuple(i.text() for i in items if i is not None and i.checkState() == Qt.CheckState.Checked)
        return RelabelSide(str(self._look.folder), self.broad.currentText(), fine, self._look.scheme)

    def _offer_fine(self) -> None:
        self.fine.clear()
        names = () if self._look is None else self._look.scheme.classes
        for name in names:
            if name != self.broad.currentText():
                item = QListWidgetItem(name, self.fine)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Checked)
        self.fine.setFixedHeight(_ROW_PX * max(2, self.fine.count()) + 6)


class RelabelTab(QWidget):
    """Two data sets, and how sure a classifier must be."""

    title = "Cross-relabel"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sides = SideForm("first data set"), SideForm("second data set")
        self.threshold = decimal(
            0.8, 0, 1, 0.05, "Confidence from which a nucleus gets a new label; the others wait for review"
        )
        self.run = RunFields("relabelled", 400)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        for side in self.sides:
            column.addWidget(side)
        rows = form()
        rows.addRow("threshold", self.threshold)
        self.run.add_to(rows)
        column.addLayout(rows)

    def fill(self, choices: Choices) -> None:
        """Offer devices."""
        self.run.fill(choices.devices)

    def order(self) -> RelabelOrder:
        """What was chosen.

        Raises
        ------
        NucleusError
            Something is missing.
        """
        return RelabelOrder(
            name=self.run.name.text().strip(),
            sides=(self.sides[0].side(), self.sides[1].side()),
            threshold=self.threshold.value(),
            steps=self.run.steps.value(),
            device=self.run.device.currentText() or "auto",
        )
