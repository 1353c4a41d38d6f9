"""What the nodes can be coloured by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.app.graph.network import Network

CLASS, UNCERTAINTY, DEGREE = "class", "uncertainty", "degree"
MATCH, GRAPH_CLASS, WORD_CLASS = "match with the words", "class by graph", "class by words"

_OUTLIERS = (1, 99)  # percentiles that the colours span: a few giants would leave everything else one colour
_PLACE = ("label", "y_px", "x_px", "y_um", "x_um", "y_rel", "x_rel")


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """A number or a class of each node.

    Attributes
    ----------
    name : str
    numbers : (N,) float64
        nan where there is none; class numbers from 1 for classes, 0 where it is unknown.
    classes : sequence of str or None
        Names by number from 1; None for measurements.
    low, high : float
        What the colours span.
    """

    name: str
    numbers: NDArray[np.float64]
    classes: Sequence[str] | None = None
    low: float = 0.0
    high: float = 1.0


def measured_names(network: Network) -> list[str]:
    """Measurements and probabilities that nodes can be coloured by."""
    tables = (network.nuclei.table, network.measured)
    numeric = (name for table in tables for name in table.select_dtypes("number").columns)
    return [name for name in dict.fromkeys(map(str, numeric)) if name not in _PLACE]


def class_values(name: str, numbers: NDArray[np.integer], classes: Sequence[str]) -> Values:
    """Classes by number, 0 = unknown."""
    return Values(name, np.asarray(numbers, np.float64), tuple(classes))


def measured_values(network: Network, name: str) -> Values:
    """A column of the measurements, or of the nuclei's own table."""
    table = network.measured if name in network.measured else network.nuclei.table
    return spanned(name, table[name].to_numpy(np.float64))


def spanned(name: str, numbers: NDArray[np.number]) -> Values:
    """Numbers with the span of their colours, outliers left out."""
    values = np.asarray(numbers, np.float64)
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, _OUTLIERS) if len(known) else (0.0, 1.0)
    return Values(name, values, None, float(low), float(high))


def uncertainty(probabilities: pd.DataFrame) -> Values:
    """Entropy of class probabilities as a share of the largest that there can be, in [0, 1]; nan where none are known.

    Probabilities that leave something to background are made to sum to 1 first.
    """
    share = probabilities.to_numpy(np.float64)
    total = share.sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = share / total
        bits = -np.where(share > 0, share * np.log(share), 0.0).sum(1)
    bits[~(total[:, 0] > 0)] = np.nan
    return Values(UNCERTAINTY, bits / np.log(max(2, share.shape[1])), None, 0.0, 1.0)
