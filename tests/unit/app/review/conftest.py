"""Two images of made-up nuclei, in the second of which the model is wrong in a way that can be learnt."""

import numpy as np
import pytest

from napari_nucleus.app.review import ReviewItems


def _made_up(per_image=150, seed=0):
    """Items, features and true classes: what is of class 2 in image 1 looks to the model like class 1."""
    rng = np.random.default_rng(seed)
    n = 2 * per_image
    image = np.repeat([0, 1], per_image)
    truth = rng.integers(1, 4, n)
    features = np.eye(3)[truth - 1] * 3 + rng.normal(size=(n, 3))
    said = np.where((image == 1) & (truth == 2), 1, truth)
    probabilities = np.full((n, 3), 0.1)
    probabilities[np.arange(n), said - 1] = rng.uniform(0.5, 0.9, n)
    probabilities /= probabilities.sum(1, keepdims=True)
    y, x = rng.uniform(0, 250, (2, n))
    items = ReviewItems(image, np.arange(1, n + 1, dtype=np.int32), y, x, said, probabilities)
    return items, features, truth


@pytest.fixture
def made_up():
    return _made_up


@pytest.fixture
def tissue():
    return _made_up()
