"""How often a classifier is right: per class and overall, with intervals, and what it takes for what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.metrics import calibration_error

ALL, MEAN = "all cells", "mean of the classes"
_Z = 1.959963984540054  # 97.5 % of a normal distribution lie below
_SAMPLES = 1000


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson 1927, eq. for two limits); nan for none of none.

    Examples
    --------
    >>> [round(limit, 3) for limit in wilson_interval(9, 10)]
    [0.596, 0.982]
    """
    if not total:
        return float("nan"), float("nan")
    share, z2 = right / total, _Z**2 / total
    centre = (share + z2 / 2) / (1 + z2)
    reach = _Z * np.sqrt(share * (1 - share) / total + z2 / (4 * total)) / (1 + z2)
    return float(max(0.0, centre - reach)), float(min(1.0, centre + reach))


def confusion(true: NDArray[np.integer], found: NDArray[np.integer], classes: Sequence[str]) -> pd.DataFrame:
    """Cells by true class (rows) and class found (columns), both numbered from 0."""
    matrix = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(matrix, (true, found), 1)
    return pd.DataFrame(matrix, pd.Index(classes, name="true"), pd.Index(classes, name="found"))


def accuracy_table(matrix: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Accuracy of each class, of all cells, and the mean of the classes, with 95 % intervals.

    Parameters
    ----------
    matrix : DataFrame (C, C)
        As `confusion` gives it.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``class, cells, right, accuracy, low, high``. Intervals of classes and of all cells are Wilson's; that of the
        mean holds the middle 95 % of 1000 samples of the cells of each class. Both take cells as independent.
    """
    counts = matrix.to_numpy()
    cells, right = counts.sum(1), np.diag(counts)
    names = [*matrix.index, ALL]
    cells, right = np.append(cells, cells.sum()), np.append(right, right.sum())
    limits = [wilson_interval(int(r), int(n)) for r, n in zip(right, cells, strict=True)]
    with np.errstate(invalid="ignore"):
        share = right / cells
    table = pd.DataFrame({"class": names, "cells": cells, "right": right, "accuracy": share})
    table[["low", "high"]] = limits
    return pd.concat([table, _mean_of_classes(cells[:-1], share[:-1], seed)], ignore_index=True)


def _mean_of_classes(cells: NDArray, share: NDArray, seed: int) -> pd.DataFrame:
    there = cells > 0
    row = {"class": MEAN, "cells": cells.sum(), "right": np.nan, "accuracy": np.nan, "low": np.nan, "high": np.nan}
    if there.any():
        rng = np.random.default_rng(seed)
        drawn = rng.binomial(cells[there], share[there], (_SAMPLES, there.sum())) / cells[there]
        low, high = np.percentile(drawn.mean(1), [2.5, 97.5])
        row |= {"accuracy": share[there].mean(), "low": low, "high": high}
    return pd.DataFrame([row])


def reliability(confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = 10) -> pd.DataFrame:
    """Share of right ones at each level of confidence: ``low, high, cells, confidence, accuracy`` (means)."""
    level = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    cells = np.bincount(level, minlength=bins)
    there = cells > 0
    mean = [np.bincount(level, values, bins)[there] / cells[there] for values in (confidence, right)]
    edges = np.flatnonzero(there) / bins
    columns = {"low": edges, "high": edges + 1 / bins, "cells": cells[there]}
    return pd.DataFrame(columns | dict(zip(("confidence", "accuracy"), mean, strict=True)))


def at_threshold(confidence: NDArray[np.floating], right: NDArray[np.bool_], threshold: float) -> dict[str, float]:
    """What a threshold keeps (``coverage``), how often that is right (``accuracy``, ``low``, ``high``), and the ECE."""
    sure = confidence >= threshold
    low, high = wilson_interval(int(right[sure].sum()), int(sure.sum()))
    return {
        "threshold": threshold,
        "cells": len(confidence),
        "coverage": float(sure.mean()) if len(sure) else float("nan"),
        "accuracy": float(right[sure].mean()) if sure.any() else float("nan"),
        "low": low,
        "high": high,
        "calibration_error": calibration_error(confidence, right),
    }
