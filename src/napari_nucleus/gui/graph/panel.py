"""The panel *Nucleus graph*: parts put together, and the work sent to threads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import napari.viewer
from napari.layers import Labels
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import QFileDialog, QGroupBox, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt.utils import create_worker, signals_blocked

from napari_nucleus.app.graph.coloring import classed, names_of, values_of
from napari_nucleus.app.graph.controller import GraphController
from napari_nucleus.app.graph.state import Done, Match, Task, Typed
from napari_nucleus.app.graph.words import names_in
from napari_nucleus.core import NucleusError
from napari_nucleus.gui.composition.watch import Watch
from napari_nucleus.gui.evaluate.form import labels_source
from napari_nucleus.gui.graph.ask_bar import AskBar, TypedBar
from napari_nucleus.gui.graph.card_view import CardView
from napari_nucleus.gui.graph.colors import edge_colors, node_colors
from napari_nucleus.gui.graph.form import GraphForm
from napari_nucleus.gui.graph.layers import GraphLayers, Neighbours
from napari_nucleus.gui.graph.picking import Picking
from napari_nucleus.gui.graph.scale import ColorScale
from napari_nucleus.gui.graph.source import pixels_under
from napari_nucleus.gui.graph.statistics_view import StatisticsView
from napari_nucleus.gui.layers import add_nuclei
from napari_nucleus.gui.layers.flight import fly_to
from napari_nucleus.gui.layers.place import placement
from napari_nucleus.gui.report import report
from napari_nucleus.gui.segment.column import Column

_PAUSE_MS, _WIDTH_PX, _VIEW_UM = 300, 380, 80.0
_NO_NUCLEI = "No layer of nuclei yet: segment nuclei, or open some."


class GraphPanel(QWidget):
    """The graph of a layer of nuclei: who is whose neighbour, what that says, and questions in words.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    controller : GraphController, optional
        What does the work; made here by default.
    """

    def __init__(self, viewer: napari.viewer.Viewer, controller: GraphController | None = None) -> None:
        super().__init__()
        self._viewer = viewer
        self.controller = GraphController() if controller is None else controller
        self.state = self.controller.state
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._like: Labels | None = None
        self._watch = Watch(self)
        self._layers, self._neighbours = GraphLayers(viewer), Neighbours(viewer)
        self._picking = Picking(viewer, self._on_place)
        self.form, self.message, self.scale = GraphForm(viewer), QLabel(), ColorScale()
        self.card, self.read = CardView(), QPushButton("Read by graph and words")
        self.ask, self.typed, self.statistics = AskBar(), TypedBar(), StatisticsView()
        self._lay_out()
        self._connect()
        self._on_layers()

    def save_to(self, path: Path) -> None:
        """Write the statistics as CSV."""
        try:
            self.controller.save(path)
        except NucleusError as error:
            report(error)

    def event(self, event: QEvent | None) -> bool:
        """Let go of the layers when the panel is taken out of the window, and look again when it comes back."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self._let_go()
            else:
                self._on_layers()
        return super().event(event)

    def _lay_out(self) -> None:
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.read.setToolTip("Classes by the graph classifier and by their names, for the card and for what if")
        self.form.setMinimumWidth(_WIDTH_PX)
        self._groups = [
            _group("Nucleus", self.card, self.read),
            _group("Ask in words", self.ask),
            _group("Classes by their names", self.typed),
            _group("Neighbourhood", self.statistics),
        ]
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(Column(self.form, self.scale, self.message, *self._groups))

    def _connect(self) -> None:
        form, events = self.form, self.state.events
        form.nuclei.currentIndexChanged.connect(self._on_layers)
        form.image.currentIndexChanged.connect(self._on_changed)
        form.rewired.connect(self._on_changed)
        form.by.currentTextChanged.connect(lambda name: setattr(self.state, "by", name))
        form.edges.currentTextChanged.connect(self._color_edges)
        form.take.clicked.connect(self._add_classed)
        self._watch.changed.connect(self._on_changed)
        self._pause.timeout.connect(self._build)
        self.read.clicked.connect(lambda: self._order(self.controller.read))
        self.card.changed.connect(self.controller.change)
        self.ask.asked.connect(lambda words, top: self._order(lambda: self.controller.ask(words, top)))
        self.ask.clip.connect(self.controller.use_clip)
        self.ask.stepped.connect(self.controller.step)
        self.typed.typed.connect(lambda line: self._order(lambda: self.controller.type_classes(names_in(line))))
        self.typed.taught.connect(lambda name: self._order(lambda: self.controller.teach(name)))
        self.statistics.wanted.connect(lambda: self._order(self.controller.count))
        self.statistics.saved.connect(self._on_save)
        events.network.connect(self._on_network)
        for field in ("by", "answer", "typed", "match"):
            events[field].connect(self._color_nodes)
        for field in ("selected", "change", "answer", "text"):
            events[field].connect(self._show_card)
        events.match.connect(self._on_match)
        events.typed.connect(self._on_typed)
        events.statistics.connect(self._show_statistics)
        events.busy.connect(self._on_message)
        events.message.connect(self._on_message)
        self._viewer.events.theme.connect(self._show_statistics)

    def _on_layers(self) -> None:
        """Other nuclei are chosen, or the chosen ones are gone."""
        like = self.form.nuclei.current()
        if like is not self._like:
            self.controller.forget()
        self._like = like
        self._watch.look_at(like)
        self._picking.look_at(like)
        self._pause.start(0)

    def _on_changed(self) -> None:
        self._pause.start(_PAUSE_MS)

    def _let_go(self) -> None:
        self._pause.stop()
        self._watch.look_at()
        self._picking.look_at(None)
        self._neighbours.remove()
        self.controller.forget()

    def _build(self) -> None:
        """Connect the nuclei as they are now, in a thread; earlier ones are superseded."""
        like = self._like
        if like is None:
            self.controller.forget(_NO_NUCLEI)
            return
        try:
            source = labels_source(like)
            pixels = pixels_under(self.form.image.current(), like)
        except NucleusError as error:
            self.controller.forget(str(error))
            return
        task = self.controller.build(source, pixels, self.form.wiring())
        if task is None:  # the nuclei are the same, yet their graph may have been replaced
            self._on_network(self.state.network)
        else:
            self._start(task)

    def _order(self, order: Any) -> None:
        """Have a task done in a thread; an order that can't be given is told."""
        try:
            task: Task | None = order()
        except NucleusError as error:
            self.state.message = str(error)
            report(error)
            return
        if task is not None:
            self._start(task)

    def _start(self, task: Task) -> None:
        create_worker(self.controller.do, task, _connect={"returned": self._on_done})

    def _on_done(self, done: Done) -> None:
        try:
            self.controller.finish(done)
        except Exception as error:
            report(error)

    def _on_network(self, network: Any) -> None:
        for group in self._groups:
            group.setVisible(network is not None)
        if network is None or self._like is None:
            self._neighbours.remove()
            self._color_nodes()
            return
        self._layers.show(network, self._like)
        self._color_edges()
        self._color_nodes()
        self._show_card()

    def _color_nodes(self, _value: Any = None) -> None:
        values, network = values_of(self.state), self.state.network
        self.form.show_names(names_of(self.state), self.state.by)
        self.form.take.setVisible(values is not None and classed(self.state) is not None)
        own = None if network is None else network.nuclei.scheme
        self.scale.show_values(values, own)
        if values is not None and network is not None and self._like is not None:
            self._layers.color_nodes(self._like, node_colors(values, network.nuclei.scheme))

    def _color_edges(self, _name: str = "") -> None:
        if self.state.network is not None and self._like is not None:
            self._layers.color_edges(self._like, edge_colors(self.state.network, self.form.edges.currentText()))

    def _show_card(self, _value: Any = None) -> None:
        network = self.state.network
        if network is None or self._like is None:
            return
        card, answer = self.controller.card(), self.state.answer
        scheme = network.nuclei.scheme if answer is None else answer.scheme
        self.card.show_card(card, scheme, answer is not None)
        change = self.state.change
        gone = change.label if change is not None and change.kind is None else None
        ringed = [] if card is None else [card.label, *(one.label for one in card.neighbours if one.label != gone)]
        self._neighbours.show(network, [network.row(label) for label in ringed], self._like)

    def _on_match(self, match: Match | None) -> None:
        self.ask.show_match(match)
        network, like = self.state.network, self._like
        if match is None or network is None or like is None or not match.best:
            return
        nodes = self._layers.nodes(like)
        if nodes is not None:
            nodes.selected_data = {network.row(label) for label in match.best}
        y, x = network.places[network.row(match.best[match.at])]
        fly_to(self._viewer, like, (y, x), _VIEW_UM)

    def _on_typed(self, typed: Typed | None) -> None:
        network = self.state.network
        self.typed.show_typed(typed, None if network is None else network.nuclei.scheme)

    def _on_place(self, y: float, x: float) -> None:
        if self.state.network is not None:
            self.controller.select(self.state.network.at(y, x))

    def _add_classed(self) -> None:
        nuclei = classed(self.state)
        if nuclei is None or self._like is None:
            return
        at = self.form.nuclei.currentIndex()
        with signals_blocked(self.form.nuclei):  # the panel stays with the layer that it looks at
            add_nuclei(self._viewer, nuclei, name=f"nuclei: {self.state.by}", **placement(self._like))
            self.form.nuclei.setCurrentIndex(at)

    def _show_statistics(self, _value: Any = None) -> None:
        self.statistics.show_statistics(self.state.statistics, self._viewer.theme)

    def _on_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the statistics", "neighbourhood.csv", "CSV (*.csv)")
        if path:
            self.save_to(Path(path))

    def _on_message(self, _value: Any = None) -> None:
        told = " ".join([*self.state.busy, self.state.message]).strip()
        self.message.setText(told)
        self.message.setVisible(bool(told))


def _group(title: str, *widgets: QWidget) -> QGroupBox:
    group = QGroupBox(title)
    inside = QVBoxLayout(group)
    for widget in widgets:
        inside.addWidget(widget)
    group.setVisible(False)
    return group
