"""Bootstrap: how much a score would change with other images of the same kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bootstrap_weights(n_images: int, samples: int, seed: int = 0) -> NDArray[np.float64]:
    """How often each image is drawn in each sample, (samples, images); the same for the same seed (Efron 1979)."""
    random = np.random.default_rng(seed)
    return random.multinomial(n_images, np.full(n_images, 1 / n_images), size=samples).astype(np.float64)


def interval(values: NDArray[np.float64], level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile interval over the first axis, samples without a value left out; nan where half of them have none."""
    tail = 50 * (1 - level)
    low, high = (np.full(values.shape[1:], np.nan) for _ in range(2))
    enough = np.isfinite(values).mean(0) > 0.5 if len(values) else np.zeros(values.shape[1:], bool)
    if enough.any():
        low[enough], high[enough] = np.nanpercentile(values[:, enough], [tail, 100 - tail], axis=0)
    return low, high


def sign_probability(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two-sided p of "no difference" from paired bootstrap differences (first axis); nan without any."""
    there = np.isfinite(differences)
    number = there.sum(0)
    below = ((differences <= 0) & there).sum(0)
    above = ((differences >= 0) & there).sum(0)
    p = 2 * (np.minimum(below, above) + 1) / (number + 1)
    return np.where(number > 0, np.minimum(p, 1), np.nan)
