"""The card: a nucleus in its surroundings, in words, in probabilities, and with its neighbours."""

from __future__ import annotations

from html import escape

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_nucleus.app.graph.card import Card
from napari_nucleus.app.graph.network import Neighbour
from napari_nucleus.app.graph.state import Change
from napari_nucleus.core import ClassScheme
from napari_nucleus.gui.graph.probabilities import ProbabilityBars

_CROP_PX, _MOST_NEIGHBOURS = 112, 12
_AS_IT_IS, _GONE = "as it is", "gone"


class CardView(QWidget):
    """Shows a `Card`; ``changed`` brings a `Change`, or None."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.crop, self.text = QLabel(), QLabel()
        self.bars, self.neighbours = ProbabilityBars(), NeighbourRows()
        self.crop.setFixedSize(_CROP_PX, _CROP_PX)
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        top = QHBoxLayout()
        top.addWidget(self.crop, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.text, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(top)
        outer.addWidget(self.bars)
        outer.addWidget(self.neighbours)
        self.neighbours.changed.connect(self.changed)

    def show_card(self, card: Card | None, scheme: ClassScheme, can_change: bool) -> None:
        """Show a card; None: what to do."""
        for part in (self.crop, self.bars, self.neighbours):
            part.setVisible(card is not None)
        if card is None:
            self.text.setText("Click a nucleus on the canvas.")
            return
        self.crop.setVisible(card.crop is not None)
        if card.crop is not None:
            self.crop.setPixmap(_pixmap(card.crop))
        facts = "<br>".join(f"{escape(name)}: {escape(value)}" for name, value in card.facts.items())
        self.text.setText(
            f"<b>nucleus {card.label}</b>: {escape(card.kind)}<br><i>{escape(card.description)}</i><br>{facts}"
        )
        self.bars.show_probabilities(card.probabilities, scheme)
        self.neighbours.show_neighbours(card, scheme, can_change)


class NeighbourRows(QWidget):
    """A row a neighbour, each with a list: as it is, gone, or of another class."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.head = QLabel()
        self.lists: dict[int, QComboBox] = {}
        self._shown: tuple[int, tuple[Neighbour, ...], bool] | None = None
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.head)
        outer.addLayout(self._grid)

    def show_neighbours(self, card: Card, scheme: ClassScheme, can_change: bool) -> None:
        """Show the neighbours of a card; rows that are there already stay, so that a list stays open."""
        shown = (card.label, tuple(card.neighbours), can_change)
        if shown != self._shown:
            self._shown = shown
            self._rebuild(card, scheme, can_change)
        for label, choice in self.lists.items():
            change = card.change
            wanted = None if change is None or change.label != label else change.kind or _GONE
            with signals_blocked(choice):
                choice.setCurrentText(wanted or _AS_IT_IS)

    def _rebuild(self, card: Card, scheme: ClassScheme, can_change: bool) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.lists = {}
        count = len(card.neighbours)
        hint = "what if one were …" if can_change else "Read the graph to ask what if"
        self.head.setText(f"<b>{count} neighbour{'' if count == 1 else 's'}</b> · {hint}")
        for row, neighbour in enumerate(card.neighbours[:_MOST_NEIGHBOURS]):
            number = scheme.classes.index(neighbour.kind) if neighbour.kind in scheme.classes else None
            swatch = QLabel()
            swatch.setFixedSize(10, 10)
            swatch.setStyleSheet(f"background: {'#FFFFFF' if number is None else scheme.colors[number]};")
            self._grid.addWidget(swatch, row, 0)
            self._grid.addWidget(QLabel(f"{neighbour.label} · {neighbour.kind}"), row, 1)
            self._grid.addWidget(QLabel(f"{neighbour.distance_um:.1f} µm"), row, 2)
            self._grid.addWidget(self._list(neighbour.label, scheme, can_change), row, 3)

    def _list(self, label: int, scheme: ClassScheme, can_change: bool) -> QComboBox:
        choice = self.lists[label] = QComboBox()
        choice.addItems([_AS_IT_IS, _GONE, *scheme.classes])
        choice.setEnabled(can_change)
        choice.setToolTip("How the probabilities would be if this neighbour were gone, or known to be of a class")

        def on_chosen() -> None:
            text = choice.currentText()
            self.changed.emit(None if text == _AS_IT_IS else Change(label, None if text == _GONE else text))

        choice.currentIndexChanged.connect(on_chosen)
        return choice


def _pixmap(crop: np.ndarray) -> QPixmap:
    pixels = np.ascontiguousarray(crop)
    height, width = pixels.shape[:2]
    image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    return QPixmap.fromImage(image).scaled(
        _CROP_PX,
        _CROP_PX,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
