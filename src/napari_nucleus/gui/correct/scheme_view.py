"""The classes of a project: add, rename, merge, colour; each can be undone like any other correction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QColorDialog,
    QGridLayout,
    QInputDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_nucleus.core import ClassScheme, NucleusError
from napari_nucleus.gui.report import report
from napari_nucleus.project import SchemeEdit, scheme_edits
from napari_nucleus.project.classes import ProjectClass

_TIPS = {
    "Add…": "A new class, the last one",
    "Rename…": "Another name for the chosen class",
    "Merge…": "The chosen class becomes part of another; its nuclei count as that one's",
    "Colour…": "Another colour for the chosen class",
}


class SchemeView(QWidget):
    """A row a class; ``edited`` brings a `SchemeEdit`."""

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: Sequence[ProjectClass] = ()
        self.list = QListWidget()
        self.buttons = {name: QPushButton(name) for name in _TIPS}
        does: dict[str, Callable[[], SchemeEdit | None]] = {
            "Add…": self._add,
            "Rename…": self._rename,
            "Merge…": self._merge,
            "Colour…": self._colour,
        }
        grid, column = QGridLayout(), QVBoxLayout(self)
        for place, (name, button) in enumerate(self.buttons.items()):
            button.setToolTip(_TIPS[name])
            button.clicked.connect(lambda _=False, what=does[name]: self._try(what))
            grid.addWidget(button, place // 2, place % 2)
        hint = QLabel("Changes count for the whole project, and can be undone. Keys are changed in the tab Keys.")
        hint.setWordWrap(True)
        column.addWidget(hint)
        column.addWidget(self.list)
        column.addLayout(grid)

    def show_classes(self, classes: Sequence[ProjectClass], scheme: ClassScheme) -> None:
        """Show the classes of a project."""
        row, self._classes = self.list.currentRow(), classes
        self.list.clear()
        for name, color in zip(scheme.classes, scheme.colors, strict=True):
            item = QListWidgetItem(name, self.list)
            item.setData(Qt.ItemDataRole.DecorationRole, QColor(color))
        self.list.setCurrentRow(min(max(row, 0), len(scheme) - 1))

    def chosen(self) -> str:
        """The class that is chosen."""
        item = self.list.currentItem()
        return "" if item is None else item.text()

    def _try(self, what: Callable[[], SchemeEdit | None]) -> None:
        try:
            edit = what()
        except NucleusError as error:
            report(error)
            return
        if edit is not None:
            self.edited.emit(edit)

    def _add(self) -> SchemeEdit | None:
        name, fine = QInputDialog.getText(self, "New class", "Name")
        return scheme_edits.added(self._classes, name.strip()) if fine else None

    def _rename(self) -> SchemeEdit | None:
        name, fine = QInputDialog.getText(self, "Class", "New name", text=self.chosen())
        return scheme_edits.renamed(self._classes, self.chosen(), name.strip()) if fine else None

    def _merge(self) -> SchemeEdit | None:
        others = [self.list.item(row).text() for row in range(self.list.count())]  # type: ignore[union-attr]
        others = [name for name in others if name != self.chosen()]
        name, fine = QInputDialog.getItem(self, f"Merge {self.chosen()}", "into", others, 0, False)
        return scheme_edits.merged(self._classes, self.chosen(), name) if fine else None

    def _colour(self) -> SchemeEdit | None:
        now = self.list.currentItem()
        color = QColorDialog.getColor(QColor() if now is None else now.data(Qt.ItemDataRole.DecorationRole), self)
        return scheme_edits.recoloured(self._classes, self.chosen(), color.name()) if color.isValid() else None
