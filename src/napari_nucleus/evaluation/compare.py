"""Two predictions of the same images."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_nucleus.core import NucleusError
from napari_nucleus.evaluation.bootstrap import interval, sign_probability
from napari_nucleus.evaluation.evaluation import Evaluation
from napari_nucleus.evaluation.scoring import BY_CLASS


def compare(a: Evaluation, b: Evaluation, bootstrap: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Difference b − a of every score, with a paired bootstrap interval: both are scored on the same drawn images.

    Parameters
    ----------
    a, b : Evaluation
        Of the same images in the same order, against the same truth.
    bootstrap : int
        Samples; 0 for no intervals.
    seed : int

    Returns
    -------
    pandas.DataFrame
        ``metric``, ``class`` ("" = all), ``a``, ``b``, ``difference``, its 95 % interval ``low`` and ``high``, and
        ``p``: two-sided, how readily the images drawn turn the sign of the difference.

    Raises
    ------
    NucleusError
        The images or the classes differ.
    """
    same_truth = a.names == b.names and a.scheme.classes == b.scheme.classes and np.array_equal(_true(a), _true(b))
    if not same_truth:
        raise NucleusError("Expected evaluations on one truth, got two. Score both on the same images and classes.")
    values, others = a.scores(), b.scores()
    spread, other_spread = a.samples(bootstrap, seed), b.samples(bootstrap, seed)
    rows = []
    for key in values:
        differences = other_spread[key] - spread[key]
        columns = values[key][0], others[key][0], *interval(differences), sign_probability(differences)
        names = ("", *a.scheme.classes) if key in BY_CLASS else ("",)
        for name, va, vb, low, high, p in zip(names, *map(np.atleast_1d, columns), strict=False):
            rows.append((key, name, va, vb, vb - va, low, high, p))
    return pd.DataFrame(rows, columns=["metric", "class", "a", "b", "difference", "low", "high", "p"])


def _true(evaluation: Evaluation) -> np.ndarray:
    """True nuclei and pixels of each image."""
    tp, _, fn, _ = evaluation.tallies.panoptic.T
    return np.stack([tp + fn, evaluation.tallies.foreground[:, 0]])
