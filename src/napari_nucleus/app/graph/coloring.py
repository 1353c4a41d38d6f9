"""What the nodes are coloured by now, and the nuclei with those classes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
import pandas as pd

from napari_nucleus.app.graph.network import Network
from napari_nucleus.app.graph.state import GraphState, Typed
from napari_nucleus.app.graph.values import (
    CLASS,
    DEGREE,
    GRAPH_CLASS,
    MATCH,
    UNCERTAINTY,
    WORD_CLASS,
    Values,
    class_values,
    measured_names,
    measured_values,
    spanned,
    uncertainty,
)
from napari_nucleus.core import ClassScheme, NucleusMap, numbered_scheme

_PALETTE = 7  # different colours of numbered classes


def names_of(state: GraphState) -> list[str]:
    """What nodes can be coloured by now."""
    if state.network is None:
        return []
    found = [CLASS, UNCERTAINTY, DEGREE]
    found += [GRAPH_CLASS] if state.answer is not None else []
    found += [WORD_CLASS] if state.typed is not None else []
    found += [MATCH] if state.match is not None else []
    return [*found, *measured_names(state.network)]


def values_of(state: GraphState) -> Values | None:
    """What the nodes are coloured by; None without nuclei."""
    network = state.network
    if network is None:
        return None
    if state.by == GRAPH_CLASS and state.answer is not None:
        return _most_probable(state.by, state.answer.probabilities)
    if state.by == WORD_CLASS and state.typed is not None:
        return _most_probable(state.by, state.typed.probabilities)
    if state.by == MATCH and state.match is not None:
        return spanned(state.by, state.match.scores.to_numpy())
    if state.by == UNCERTAINTY:
        return uncertainty(_probabilities(state, network))
    if state.by == DEGREE:
        return spanned(state.by, network.degree)
    if state.by in measured_names(network):
        return measured_values(network, state.by)
    return class_values(CLASS, network.kinds, network.nuclei.scheme.classes)


def classed(state: GraphState) -> NucleusMap | None:
    """The nuclei with the classes that nodes are coloured by, of the graph or of words; None for other colours."""
    network = state.network
    if network is None:
        return None
    if state.by == GRAPH_CLASS and state.answer is not None:
        return state.answer.nuclei(network.nuclei)
    if state.by == WORD_CLASS and state.typed is not None:
        return _typed_nuclei(network.nuclei, state.typed)
    return None


def scheme_of(names: Sequence[str], own: ClassScheme) -> ClassScheme:
    """Names as a scheme: those that the nuclei's own scheme has keep its colours, the others get what is left."""
    if tuple(names) == own.classes:
        return own
    known = {name: color for name, color in zip(own.classes, own.colors, strict=True) if name in names}
    palette = dict.fromkeys(numbered_scheme(_PALETTE).colors)
    free = cycle([color for color in palette if color not in known.values()] or list(palette))
    colors = tuple(known[name] if name in known else next(free) for name in names)
    return ClassScheme("words", tuple(names), colors)


def _probabilities(state: GraphState, network: Network) -> pd.DataFrame:
    """By the graph where it has been asked, else as the nuclei came; nan where neither tells."""
    if state.answer is not None:
        return state.answer.probabilities
    return network.nuclei.table.reindex(columns=[f"p_{name}" for name in network.nuclei.scheme.classes])


def _typed_nuclei(nuclei: NucleusMap, typed: Typed) -> NucleusMap:
    scheme = scheme_of(typed.names, nuclei.scheme)
    found = typed.probabilities.loc[nuclei.table["label"]].to_numpy()
    kept = nuclei.table[[name for name in nuclei.table if not str(name).startswith("p_")]].reset_index(drop=True)
    kinds = np.array(typed.names, object)[found.argmax(1)]
    own = {f"p_{name}": found[:, i] for i, name in enumerate(typed.names)}
    return NucleusMap(nuclei.labels, kept.assign(**{"class": kinds, **own}), nuclei.mpp, scheme)


def _most_probable(name: str, probabilities: pd.DataFrame) -> Values:
    return class_values(name, 1 + probabilities.to_numpy().argmax(1), tuple(map(str, probabilities)))
