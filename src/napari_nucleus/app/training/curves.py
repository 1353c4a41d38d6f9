"""Curves of a run, as few points as a plot can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_POINTS = 400
_TITLES = {
    "loss": "training",
    "val_loss": "held out",
    "val_pq": "PQ",
    "val_f1": "F",
    "val_accuracy": "accuracy",
    "val_old_pq": "PQ, former data",
    "val_old_f1": "F, former data",
}
LOSSES, SCORES = ("loss", "val_loss"), ("val_pq", "val_f1", "val_accuracy", "val_old_pq", "val_old_f1")


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A line.

    Attributes
    ----------
    title : str
    steps, values : (N,) float
    """

    title: str
    steps: NDArray[np.float64]
    values: NDArray[np.float64]


def curves(table: pd.DataFrame, names: tuple[str, ...]) -> list[Curve]:
    """The named columns of a run's log as lines; those that have no values are left out.

    A line of more points than a plot is wide is averaged over short stretches, which also smooths the loss of batches.
    """
    found = []
    for name in names:
        if name not in table:
            continue
        rows = table[["step", name]].dropna()
        if len(rows):
            found.append(Curve(_TITLES[name], *_thinned(rows["step"].to_numpy(float), rows[name].to_numpy(float))))
    return found


def _thinned(steps: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    stretch = -(-len(steps) // _POINTS)
    starts = np.arange(0, len(steps), stretch)
    counts = np.diff(np.append(starts, len(steps)))
    ends = starts + counts - 1
    return steps[ends], np.add.reduceat(values, starts) / counts
