"""What the graph makes of the nuclei, and what it would make of them if a neighbour were another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap
from napari_nucleus.graph.node_network import NodeNetwork
from napari_nucleus.graph.nodes import PARTS, Nodes
from napari_nucleus.postprocess.nucleus_classes import with_probabilities

_CHANGED_HOPS = 3  # a neighbour's offsets and degree change, and two layers carry that on
_READ_HOPS = 6  # that, and what those nuclei read


@dataclass(frozen=True, slots=True, eq=False)
class GraphAnswer:
    """Classes of nuclei by the graph.

    Attributes
    ----------
    probabilities : DataFrame
        (N, C) float32 by the graph: a row a nucleus, indexed by label, a column a class.
    vote : DataFrame
        The same by the pixels (the nuclei's own ``p_<class>``); nan where they have none.
    scheme : ClassScheme
    nodes : Nodes
        In the order of the rows.
    network : NodeNetwork
    parts : tuple of str
        That were read.
    notes : tuple of str
        What the user should know, such as a missing text encoder.
    """

    probabilities: pd.DataFrame
    vote: pd.DataFrame
    scheme: ClassScheme
    nodes: Nodes
    network: NodeNetwork
    parts: tuple[str, ...] = PARTS
    notes: tuple[str, ...] = ()

    def what_if(self, *, drop: int | None = None, reclass: tuple[int, str] | None = None) -> pd.DataFrame:
        """`probabilities` if a nucleus weren't there, or were known to be of a class; only what it reaches is redone.

        Parameters
        ----------
        drop : int
            Label of a nucleus; it has no row in the answer. Its edges go with it, and no others come.
        reclass : (int, str)
            Label, and the class (or ``"unknown"``).

        Raises
        ------
        NucleusError
            There is no such nucleus or class.
        """
        changed = self.probabilities.copy()
        known = self.nodes.known.copy()
        seeds = [self._row(label) for label in (drop, reclass and reclass[0]) if label is not None]
        if reclass is not None:
            known[seeds[-1]] = self.scheme.number_of(reclass[1])
        if seeds:
            rows, found = self._again(known, seeds, seeds[:1] if drop is not None else [])
            changed.iloc[rows] = found
        return changed if drop is None else changed.drop(index=drop)

    def nuclei(self, nuclei: NucleusMap) -> NucleusMap:
        """The nuclei with the classes that the graph gives them; their ``type_map`` follows."""
        probabilities = self.probabilities.loc[nuclei.table["label"]].to_numpy()
        return with_probabilities(nuclei, probabilities, self.scheme) if len(nuclei) else nuclei

    def _again(
        self, known: NDArray[np.int64], seeds: Sequence[int], gone: Sequence[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows that a change at ``seeds`` reaches, and their probabilities."""
        rows = np.setdiff1d(self.nodes.around(seeds, _CHANGED_HOPS), gone)
        read = np.setdiff1d(self.nodes.around(seeds, _READ_HOPS), gone)
        near = replace(self.nodes.only(read), known=known[read])
        return rows, self.network.probabilities(near, self.parts)[np.searchsorted(read, rows)]

    def _row(self, label: int) -> int:
        if label not in self.probabilities.index:
            raise NucleusError(f"Expected a nucleus of the graph, got label {label}. Choose one of its nuclei.")
        return int(self.probabilities.index.get_loc(label))  # type: ignore[arg-type]


def votes(nuclei: NucleusMap, scheme: ClassScheme) -> pd.DataFrame:
    """The probabilities that nuclei came with, (N, C) by label; nan where they have none of that scheme."""
    table = nuclei.table.reindex(columns=[f"p_{name}" for name in scheme.classes])
    return table.set_axis(pd.Index(nuclei.table["label"].to_numpy()), axis=0).set_axis(list(scheme.classes), axis=1)
