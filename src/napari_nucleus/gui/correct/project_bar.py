"""Which project, which image of it, and who corrects."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QPushButton, QWidget
from superqt.utils import signals_blocked

from napari_nucleus.app.correct.controller import CorrectState


class ProjectBar(QWidget):
    """Mirrors a `CorrectState`; ``chosen`` brings an image's number."""

    chosen = Signal(int)

    def __init__(self, state: CorrectState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.open, self.make, self.add = QPushButton("Open…"), QPushButton("New…"), QPushButton("Add layers")
        self.images, self.annotator, self.folder = QComboBox(), QLineEdit(state.annotator), QLabel()
        self.images.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.open.setToolTip("Open an annotation project: its folder")
        self.make.setToolTip("Begin a project in a new folder, with the image and the nuclei of the viewer's layers")
        self.add.setToolTip("Add the image and the nuclei of the viewer's layers to the open project")
        self.annotator.setToolTip("Who corrects: stands in the journal, and undo takes back only what is yours")
        self.annotator.setPlaceholderText("who corrects")
        self._lay_out()
        self.images.activated.connect(lambda: self.chosen.emit(self.images.currentData()))
        self.annotator.editingFinished.connect(self._on_annotator)
        state.events.images.connect(self._show)
        state.events.folder.connect(self._show)
        self._show()

    def show_image(self, image: int) -> None:
        """Say which image is open."""
        with signals_blocked(self.images):
            self.images.setCurrentIndex(self.images.findData(image))

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for column, button in enumerate((self.open, self.make, self.add)):
            grid.addWidget(button, 0, 2 * column, 1, 2)
        for column in range(6):
            grid.setColumnStretch(column, 1)
        grid.addWidget(self.images, 1, 0, 1, 4)
        grid.addWidget(self.annotator, 1, 4, 1, 2)
        grid.addWidget(self.folder, 2, 0, 1, 6)
        self.folder.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _on_annotator(self) -> None:
        self._state.annotator = self.annotator.text().strip()

    def _show(self) -> None:
        state, former = self._state, self.images.currentData()
        with signals_blocked(self.images):
            self.images.clear()
            for entry in state.images:
                self.images.addItem(entry.name, entry.id)
            self.images.setCurrentIndex(self.images.findData(former))
        self.add.setEnabled(bool(state.folder))
        self.images.setEnabled(bool(state.images))
        self.images.setPlaceholderText("choose an image" if state.images else "no images")
        metrics = self.folder.fontMetrics()
        self.folder.setText(metrics.elidedText(state.folder, Qt.TextElideMode.ElideMiddle, 300))
        self.folder.setToolTip(state.folder)
        self.folder.setVisible(bool(state.folder))
