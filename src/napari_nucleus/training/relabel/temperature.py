"""Temperature scaling: confidences that mean what they say (Guo et al. 2017, §4.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

# Never below 1: what is confident enough at home isn't more so on the other data set, to which it is applied.
_LOWEST, _HIGHEST = 1.0, 16.0


def fit_temperature(logits: NDArray[np.floating], classes: NDArray[np.integer]) -> float:
    """The temperature under which held-out classes are most likely.

    Parameters
    ----------
    logits : (N, C) float
        Of cells that the network didn't learn from.
    classes : (N,) integers
        0 to C - 1.

    Returns
    -------
    float
        From 1, which leaves the confidences as they are, to 16; it only ever lowers them.
    """
    rows = np.arange(len(classes))

    def unlikely(log_t: float) -> float:
        return -float(log_softmax(logits / np.exp(log_t), 1)[rows, classes].mean())

    found = minimize_scalar(unlikely, bounds=(np.log(_LOWEST), np.log(_HIGHEST)), method="bounded")
    return float(np.exp(found.x))


def calibrated(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Probabilities (N, C) of logits (N, C) at a temperature."""
    probabilities: NDArray[np.float64] = softmax(np.asarray(logits, np.float64) / temperature, 1)
    return probabilities
