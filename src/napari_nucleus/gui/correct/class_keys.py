"""The classes with their colours, keys and counts."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from napari_nucleus.app.correct.keys import KeyMap
from napari_nucleus.core import ClassScheme

_COLUMNS = 2


class ClassKeys(QWidget):
    """A button a class; ``clicked`` brings its number."""

    clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[int, QPushButton] = {}
        self._names: dict[int, str] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(3)

    def show_scheme(self, scheme: ClassScheme, keys: KeyMap) -> None:
        """Show the classes of a project."""
        for widget in self.findChildren(QWidget):
            self._grid.removeWidget(widget)
            widget.deleteLater()
        self.buttons, self._names = {}, {}
        for number, (name, color) in enumerate(zip(scheme.classes, scheme.colors, strict=True), 1):
            self._add(number, name, color, keys.shown(number))

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many nuclei each class has."""
        for number, button in self.buttons.items():
            name = self._names[number]
            button.setText(f"{name}  {counts.get(name, 0):,}")

    def _add(self, number: int, name: str, color: str, key: str) -> None:
        row, column = divmod(number - 1, _COLUMNS)
        chip = QLabel(key or "–")
        chip.setAlignment(Qt.AlignmentFlag.AlignCenter)
        dark = sum(int(color[i : i + 2], 16) for i in (1, 3, 5)) < 380
        chip.setStyleSheet(f"background: {color}; color: {'white' if dark else 'black'}; border-radius: 3px;")
        chip.setMinimumWidth(max(22, chip.fontMetrics().horizontalAdvance(key) + 10))
        button = QPushButton(name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setStyleSheet("text-align: left; padding: 2px 5px;")
        button.setToolTip(f"Set the class of the nucleus to {name}" + (f" ({key})" if key else ""))
        button.clicked.connect(lambda _=False: self.clicked.emit(number))
        self._grid.addWidget(chip, row, 2 * column)
        self._grid.addWidget(button, row, 2 * column + 1)
        self._grid.setColumnStretch(2 * column + 1, 1)
        self.buttons[number], self._names[number] = button, name
