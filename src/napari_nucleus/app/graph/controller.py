"""What happens behind the panel Nucleus graph: tasks for threads, and what the user picks at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from napari_nucleus.app.evaluate_state import LayerSource
from napari_nucleus.app.graph.card import Card, card_of
from napari_nucleus.app.graph.coloring import names_of
from napari_nucleus.app.graph.network import Network, Wiring, build_network
from napari_nucleus.app.graph.state import Change, Done, GraphState, Match, Reading, Task, Typed
from napari_nucleus.app.graph.values import CLASS, GRAPH_CLASS, MATCH, WORD_CLASS
from napari_nucleus.app.graph.words import DEFAULT_CLIP, Words
from napari_nucleus.core import NucleusError
from napari_nucleus.graph.statistics import Neighbourhood, neighbourhood

ENOUGH_CLICKS = 10
"""So many clicked nuclei, of two classes or more, turn typed names into a trained classifier."""


class GraphController:
    """The panel's work; knows neither Qt nor napari.

    Methods that give a `Task` order work: `do` does it in any thread, `finish` takes what came of it in the thread of
    the panel. Everything else happens at once.

    Parameters
    ----------
    state : GraphState, optional
    clip : str
        The vision–language model, as in `text_encoder`.
    model : str
        The dense network whose features the graph classifier reads.
    """

    def __init__(self, state: GraphState | None = None, clip: str = DEFAULT_CLIP, model: str = "default") -> None:
        self.state = GraphState() if state is None else state
        self.clip, self.model = clip, model
        self._number = 0
        self._words: Words | None = None

    def build(self, source: LayerSource, pixels: Any, wiring: Wiring) -> Task | None:
        """Order the graph of a layer; work on earlier nuclei is superseded. None where nothing has changed."""
        network = self.state.network
        if network is not None and network.lies_like(source, pixels, wiring) and network.is_classed_like(source):
            return None
        self._number += 1
        self.state.busy = ()
        return self._task("Connecting nuclei …", lambda: build_network(source, pixels, wiring), self._take_network)

    def forget(self, message: str = "") -> None:
        """Show nothing, and say why."""
        self._number += 1
        self._clear()
        self.state.network, self.state.busy, self.state.message = None, (), message

    def read(self) -> Task:
        """Order the nuclei's classes by the graph classifier, and by their names in words.

        Raises
        ------
        NucleusError
            There are no nuclei, or no image of them.
        """
        network, words = self._open(), self._opened_words()
        if network.pixels is None:
            raise NucleusError("Expected the image of these nuclei, got none. Choose it in the list of images.")
        return self._task(
            "Reading nuclei in their neighbourhood …", lambda: self._read(network, words), self._take_reading
        )

    def select(self, label: int | None) -> None:
        """Show the card of a nucleus; None: of none."""
        network = self.state.network
        known = network is not None and label is not None and network.row(label) >= 0
        chosen = label if known else None
        if chosen != self.state.selected:
            self.state.change = None
            self.state.selected = chosen

    def change(self, change: Change | None) -> None:
        """What if a neighbour were gone or of another class; None: as it is."""
        self.state.change = change

    def card(self) -> Card | None:
        """The card of the selected nucleus as things stand."""
        state = self.state
        if state.network is None or state.selected is None:
            return None
        return card_of(state.network, state.selected, state.answer, state.text, state.change)

    def use_clip(self, name: str) -> None:
        """Take another vision–language model, by a name of `text_encoder`; what the former one said is dropped."""
        if name == self.clip:
            return
        self.clip = name
        if self.state.network is not None:
            self._words = Words(self.state.network, name)
        self.state.text = self.state.match = self.state.typed = None
        if self.state.by not in names_of(self.state):
            self.state.by = CLASS

    def ask(self, query: str, top: int) -> Task:
        """Order the nuclei that answer to words, the best ``top`` of them.

        Raises
        ------
        NucleusError
            There are no nuclei.
        """
        self._open()
        words = self._opened_words()

        def take(found: tuple[pd.Series, str]) -> None:
            scores, self.state.message = found
            best = scores.sort_values(ascending=False, kind="stable").index[:top]
            self.state.match = Match(query, scores, tuple(int(label) for label in best))
            self.state.by = MATCH
            self.step(0)

        return self._task("Looking for nuclei …", lambda: words.ask(query), take)

    def step(self, by: int) -> None:
        """Go on, or back, by some of the nuclei that answer; round and round."""
        match = self.state.match
        if match is not None and match.best:
            self.state.match = replace(match, at=(match.at + by) % len(match.best))
            self.select(match.best[self.state.match.at])

    def type_classes(self, names: Sequence[str]) -> Task:
        """Order a preview of classes by their names; what was clicked for those that stay is kept.

        Raises
        ------
        NucleusError
            There are no nuclei.
        """
        former = self.state.typed
        taught = {label: name for label, name in (former.taught if former else {}).items() if name in names}
        return self._classify(names, taught)

    def teach(self, name: str) -> Task | None:
        """Say that the selected nucleus is of a typed class; an order to learn from it once there are enough clicks.

        Raises
        ------
        NucleusError
            No nucleus is selected, or there are no such classes.
        """
        typed, label = self.state.typed, self.state.selected
        if typed is None or name not in typed.names:
            raise NucleusError(f"Expected one of the typed classes, got {name!r}. Type names and preview them first.")
        if label is None:
            raise NucleusError("Expected a selected nucleus, got none. Click one on the canvas.")
        self.state.typed = typed = replace(typed, taught={**typed.taught, label: name})
        return self._classify(typed.names, typed.taught) if _is_enough(typed.taught.values()) else None

    def count(self, permutations: int = 999) -> Task:
        """Order the statistics of the neighbourhood.

        Raises
        ------
        NucleusError
            There are no nuclei.
        """
        network = self._open()

        def take(found: Neighbourhood) -> None:
            self.state.statistics = found

        work = partial(neighbourhood, network.nuclei, network.graph, permutations)
        return self._task("Counting neighbours …", work, take)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the statistics as CSV.

        Raises
        ------
        NucleusError
            There are none, or the file can't be written.
        """
        if self.state.statistics is None:
            raise NucleusError("Expected statistics to save, got none. Count them first.")
        self.state.statistics.to_csv(path)

    def do(self, task: Task) -> Done:
        """Do a task, in any thread; errors become part of what comes of it, so that no thread swallows them."""
        try:
            return Done(task, task.work())
        except Exception as error:
            return Done(task, error=error)

    def finish(self, done: Done) -> None:
        """Take what came of a task, unless its nuclei are no longer shown.

        Raises
        ------
        Exception
            What went wrong; a `NucleusError` where the user can mend it.
        """
        task = done.task
        if task.number != self._number:
            return
        left = list(self.state.busy)
        left.remove(task.doing)
        self.state.busy = tuple(left)
        if done.error is not None:
            self.state.message = str(done.error)
            raise done.error
        task.take(done.value)

    def _task(self, doing: str, work: Callable[[], Any], take: Callable[[Any], None]) -> Task:
        self.state.message = ""
        self.state.busy = (*self.state.busy, doing)
        return Task(self._number, doing, work, take)

    def _classify(self, names: Sequence[str], taught: Mapping[int, str]) -> Task:
        self._open()
        words = self._opened_words()
        trained = _is_enough(taught.values())

        def take(found: pd.DataFrame) -> None:
            clicks = self.state.typed.taught if self.state.typed is not None else {}
            kept = {label: name for label, name in {**taught, **clicks}.items() if name in names}
            self.state.typed = Typed(tuple(names), found, kept, trained)
            self.state.by = WORD_CLASS

        return self._task(
            "Comparing nuclei with names …", lambda: words.classes(names, taught if trained else {}), take
        )

    def _read(self, network: Network, words: Words) -> Reading:
        """Graph and words, each as far as it can be had on this machine."""
        from napari_nucleus.graph import load_graph  # these load torch
        from napari_nucleus.inference.graph_nodes import classify_nodes

        answer = text = None
        notes: list[str] = []
        try:
            encoder = load_graph(model=self.model).fed["encoder"]
            answer = classify_nodes(
                network.nuclei, network.pixels, network.graph, model=self.model, crops=words.crops(encoder)
            )
            notes += answer.notes
        except NucleusError as error:
            notes.append(str(error))
        scheme = network.nuclei.scheme if answer is None else answer.scheme
        try:
            text = words.classes(scheme.classes)
        except NucleusError as error:
            notes.append(str(error))
        return Reading(answer, text, tuple(notes))

    def _take_reading(self, reading: Reading) -> None:
        self.state.answer, self.state.text, self.state.message = reading.answer, reading.text, " ".join(reading.notes)
        if reading.answer is not None:
            self.state.by = GRAPH_CLASS

    def _take_network(self, network: Network) -> None:
        """Where only classes have changed, what has been read of each nucleus stays."""
        former, selected = self.state.network, self.state.selected
        kept = former is not None and former.lies_like(network.source, network.pixels, network.wiring)
        if kept and self._words is not None:
            self._words.network = network
            self.state.statistics = None
        else:
            self._clear()
            self._words = Words(network, self.clip)
        self.state.network = network
        self.select(selected)
        if self.state.by not in names_of(self.state):
            self.state.by = CLASS

    def _clear(self) -> None:
        state = self.state
        state.selected = state.change = state.answer = state.text = None
        state.match = state.typed = state.statistics = None

    def _open(self) -> Network:
        if self.state.network is None:
            raise NucleusError("Expected a layer of nuclei, got none. Segment nuclei, or open some.")
        return self.state.network

    def _opened_words(self) -> Words:
        self._open()
        assert self._words is not None
        return self._words


def _is_enough(kinds: Iterable[str]) -> bool:
    kinds = list(kinds)
    return len(kinds) >= ENOUGH_CLICKS and len(set(kinds)) > 1
