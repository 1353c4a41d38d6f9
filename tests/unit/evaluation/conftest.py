from __future__ import annotations

import numpy as np
import pytest

from napari_nucleus.core import NucleusMap
from napari_nucleus.evaluation import Case


def _squares(boxes, classes="consep", shape=(100, 100), side=10):
    labels, kinds = np.zeros((2, *shape), int)
    for label, (y, x, kind) in enumerate(boxes, 1):
        labels[y : y + side, x : x + side] = label
        kinds[y : y + side, x : x + side] = kind
    return NucleusMap.from_labels(labels, classes=classes, type_map=kinds)


def _random_case(seed, shape=(300, 400), n=60, classes="consep", tissue=""):
    """Truth, and a prediction that moves, drops, adds and re-classes some of it."""
    random = np.random.default_rng(seed)
    places = [(y, x) for y in range(5, shape[0] - 20, 18) for x in range(5, shape[1] - 20, 18)]
    places = [places[i] for i in random.permutation(len(places))[:n]]
    true = [(y, x, int(random.integers(1, 5))) for y, x in places]
    pred = [
        (y + int(random.integers(0, 5)), x + int(random.integers(0, 5)), k if random.random() < 0.8 else 1 + k % 4)
        for y, x, k in true
        if random.random() < 0.85
    ]
    pred += [(int(random.integers(0, shape[0] - 12)), int(random.integers(0, shape[1] - 12)), 2) for _ in range(4)]
    return Case(f"image_{seed}", _squares(true, classes, shape), _squares(pred, classes, shape), tissue)


@pytest.fixture
def squares():
    """A function that makes a `NucleusMap` of squares of ten pixels: [(y, x, class number), …]."""
    return _squares


@pytest.fixture
def random_case():
    """A function that makes a `Case` of a seed."""
    return _random_case
