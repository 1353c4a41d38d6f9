"""What the panel Nucleus graph shows, and the pieces of work that fill it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import pandas as pd
from psygnal import SignalGroupDescriptor

from napari_nucleus.app.graph.network import Network
from napari_nucleus.graph.statistics import Neighbourhood

if TYPE_CHECKING:  # torch takes seconds
    from napari_nucleus.graph import GraphAnswer


class Change(NamedTuple):
    """What if: a neighbour is gone (``kind`` is None) or of another class."""

    label: int
    kind: str | None


class Reading(NamedTuple):
    """Classes by the graph and by their names, each None where it can't be had; why is in the notes."""

    answer: GraphAnswer | None
    text: pd.DataFrame | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """The answer to a question in words.

    Attributes
    ----------
    query : str
    scores : Series
        In [0, 1] by label, of all nuclei.
    best : tuple of int
        Labels of those selected, the best first.
    at : int
        Which of them is looked at.
    """

    query: str
    scores: pd.Series
    best: tuple[int, ...]
    at: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Typed:
    """Classes that were made by typing their names.

    Attributes
    ----------
    names : tuple of str
    probabilities : DataFrame
        (N, C) by label.
    taught : mapping
        Class by label, of the nuclei that were clicked.
    trained : bool
        The clicks have been learnt from.
    """

    names: tuple[str, ...]
    probabilities: pd.DataFrame
    taught: Mapping[int, str] = field(default_factory=dict)
    trained: bool = False


@dataclass
class GraphState:
    """The panel's state; each field emits ``events.<field>`` when it changes.

    Attributes
    ----------
    network : Network or None
        The nuclei that are shown.
    by : str
        What nodes are coloured by: a name of `GraphController.names`.
    selected : int or None
        Label of the nucleus that the card shows.
    change : Change or None
        The what-if that the card shows.
    answer : GraphAnswer or None
        Of the graph classifier.
    text : DataFrame or None
        Probabilities of the nuclei's classes by their names, (N, C) by label.
    match : Match or None
    typed : Typed or None
    statistics : Neighbourhood or None
    busy : tuple of str
        What is under way.
    message : str
        The last thing to tell the user.
    """

    network: Network | None = None
    by: str = "class"
    selected: int | None = None
    change: Change | None = None
    answer: GraphAnswer | None = None
    text: pd.DataFrame | None = None
    match: Match | None = None
    typed: Typed | None = None
    statistics: Neighbourhood | None = None
    busy: tuple[str, ...] = ()
    message: str = ""
    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A piece of work for a thread; what it gives is taken in the thread of the panel.

    Attributes
    ----------
    number : int
        Of the nuclei that it belongs to; those of earlier ones are dropped.
    doing : str
        What the user reads meanwhile.
    work : callable
    take : callable
        With what ``work`` gave.
    """

    number: int
    doing: str
    work: Callable[[], Any]
    take: Callable[[Any], None]


class Done(NamedTuple):
    """What came of a task: a value, or an error."""

    task: Task
    value: Any = None
    error: Exception | None = None
