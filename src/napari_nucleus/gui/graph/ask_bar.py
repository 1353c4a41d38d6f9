"""Words: a question, the way through its answers, classes by their names, and clicks that teach them."""

from __future__ import annotations

from collections import Counter

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_nucleus.app.graph.coloring import scheme_of
from napari_nucleus.app.graph.controller import ENOUGH_CLICKS
from napari_nucleus.app.graph.state import Match, Typed
from napari_nucleus.app.graph.words import DEFAULT_CLIP
from napari_nucleus.core import ClassScheme

_MOST_LETTERS = 10_000
_COLUMNS = 2
_CLIPS = (DEFAULT_CLIP, "ViT-B-16-quickgelu", "hf-hub:")


class AskBar(QWidget):
    """A question and how many nuclei to select; ``asked`` brings both, ``stepped`` +1 or -1, ``clip`` another model."""

    asked = Signal(str, int)
    stepped = Signal(int)
    clip = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words, self.top, self.found, self.model = QLineEdit(), QSpinBox(), QLabel(), QComboBox()
        self.model.setEditable(True)
        self.model.addItems(_CLIPS)
        self.model.setToolTip(
            "What reads words: the small model that ships, one of open_clip, or hf-hub:owner/model. Enter takes it"
        )
        self.words.setPlaceholderText("small round dark nucleus")
        self.words.setMaxLength(_MOST_LETTERS)
        self.words.setToolTip("Shape, size, stain, company, class; “near …” looks at the neighbours. Enter asks")
        self.top.setRange(1, 100_000)
        self.top.setValue(20)
        self.top.setPrefix("best ")
        self.top.setToolTip("So many nuclei are selected")
        self.go = QPushButton("Ask")
        self.before, self.next = _arrow("◀", "The one before"), _arrow("▶", "The next")
        self.found.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self.words.returnPressed.connect(self._ask)
        self.go.clicked.connect(self._ask)
        self.model.textActivated.connect(self.clip)
        self.before.clicked.connect(lambda: self.stepped.emit(-1))
        self.next.clicked.connect(lambda: self.stepped.emit(1))
        self.show_match(None)

    def show_match(self, match: Match | None) -> None:
        """Tell which of the answers is in view."""
        for part in (self.before, self.next, self.found):
            part.setVisible(match is not None and bool(match.best))
        if match is not None and match.best:
            score = match.scores.loc[match.best[match.at]]
            self.found.setText(f"<b>{match.at + 1:,}</b> of {len(match.best):,}: match {score:.2f}")

    def _lay_out(self) -> None:
        question, way = QHBoxLayout(), QHBoxLayout()
        question.addWidget(self.words, 1)
        question.addWidget(self.top)
        question.addWidget(self.go)
        way.addWidget(self.before)
        way.addWidget(self.found, 1)
        way.addWidget(self.next)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        reader = QHBoxLayout()
        reader.addWidget(QLabel("read by"))
        reader.addWidget(self.model, 1)
        for part in (question, way, reader):
            outer.addLayout(part)

    def _ask(self) -> None:
        self.asked.emit(self.words.text(), self.top.value())


class TypedBar(QWidget):
    """Classes by their names; ``typed`` brings the line, ``taught`` the class of the selected nucleus."""

    typed = Signal(str)
    taught = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names, self.told = QLineEdit(), QLabel()
        self.names.setPlaceholderText("lymphocyte, tumour, fibroblast")
        self.names.setMaxLength(_MOST_LETTERS)
        self.names.setToolTip("Names of classes with commas between. Enter shows a preview")
        self.preview = QPushButton("Preview")
        self.buttons: dict[str, QPushButton] = {}
        self.told.setWordWrap(True)
        line = QHBoxLayout()
        line.addWidget(self.names, 1)
        line.addWidget(self.preview)
        self._grid = QGridLayout()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        for part in (line, self._grid):
            outer.addLayout(part)
        outer.addWidget(self.told)
        self.names.returnPressed.connect(self._type)
        self.preview.clicked.connect(self._type)
        self.show_typed(None)

    def show_typed(self, typed: Typed | None, own: ClassScheme | None = None) -> None:
        """Show the classes with their counts and clicks, and the colours that they have beside the nuclei's own."""
        names = () if typed is None else typed.names
        if tuple(self.buttons) != names:
            self._rebuild(scheme_of(names, own or ClassScheme("none", (), ())))
        self.told.setVisible(typed is not None)
        if typed is None:
            return
        counts = Counter(typed.probabilities.to_numpy().argmax(1).tolist())
        clicks = Counter(typed.taught.values())
        for i, name in enumerate(names):
            clicked = f" · {clicks[name]} clicked" if clicks[name] else ""
            self.buttons[name].setText(f"{name}: {counts[i]:,}{clicked}")
        self.told.setText(_told(typed))

    def _rebuild(self, scheme: ClassScheme) -> None:
        for button in self.buttons.values():
            self._grid.removeWidget(button)
            button.deleteLater()
        self.buttons = {}
        for i, (name, color) in enumerate(zip(scheme.classes, scheme.colors, strict=True)):
            button = self.buttons[name] = QPushButton(name)
            button.setStyleSheet(f"border-left: 6px solid {color}; padding: 3px; text-align: left;")
            button.setToolTip(f"The selected nucleus is {name}")
            button.clicked.connect(lambda _checked=False, name=name: self.taught.emit(name))
            self._grid.addWidget(button, i // _COLUMNS, i % _COLUMNS)

    def _type(self) -> None:
        self.typed.emit(self.names.text())


def _told(typed: Typed) -> str:
    if typed.trained:
        return f"Learnt from {len(typed.taught)} clicks."
    left = ENOUGH_CLICKS - len(typed.taught)
    if left > 0:
        return f"By the names alone. Select nuclei and press their class: {left} more, and it learns from them."
    return "By the names alone. Click nuclei of another class, too."


def _arrow(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFixedWidth(40)
    return button
