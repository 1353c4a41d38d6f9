import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics.assignment import assign
from napari_nucleus.metrics.compiled import compiled

RANDOM = np.random.default_rng(0)
SPREADS = {
    "anywhere": lambda n: RANDOM.uniform(0, 500, (n, 2)),
    "on a grid": lambda n: RANDOM.integers(0, 12, (n, 2)).astype(float),
    "on a line": lambda n: np.stack([np.zeros(n), RANDOM.uniform(0, 500, n)], 1),
    "in clusters far apart": lambda n: RANDOM.integers(0, 3, (n, 1)) * 1e5 + RANDOM.uniform(0, 5, (n, 2)),
    "upon each other": lambda n: np.full((n, 2), 3.0),
}


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("sizes", [(1, 1), (1, 40), (30, 30), (200, 260), (300, 300)])
def test_the_total_distance_is_the_least_and_prices_prove_it(spread, sizes):
    few, many = (SPREADS[spread](n) for n in sizes)
    few.flags.writeable = False
    found, distance = assign(few, many), cdist(few, many)
    assert len(set(found.partner.tolist())) == len(few)
    chosen = distance[np.arange(len(few)), found.partner]
    assert chosen.sum() == pytest.approx(distance[linear_sum_assignment(distance)].sum(), abs=1e-6)
    assert (found.price[:, None] + found.their_price <= distance + 1e-6).all()
    assert found.price + found.their_price[found.partner] == pytest.approx(chosen, abs=1e-6)
    assert (np.delete(found.their_price, found.partner) == 0).all()


def test_ties_are_told():
    # 3 and 7 px, or 0 and 10.
    assert assign(np.array([[0.0, 0.0], [0.0, 3.0]]), np.array([[0.0, 3.0], [0.0, 10.0]])).tied
    assert not assign(np.array([[0.0, 0.0], [1.0, 3.0]]), np.array([[0.0, 3.0], [0.0, 10.0]])).tied
    # The second one may go either way.
    assert assign(np.array([[0.0, 0.0], [0.0, 50.0]]), np.array([[0.0, 1.0], [0.0, 30.0], [0.0, 70.0]])).tied


def test_a_crowd_upon_one_place_is_soon_paired():
    few, many = np.full((2000, 2), 1.0), np.full((2500, 2), 5.0)
    found = assign(few, many)
    assert len(set(found.partner.tolist())) == len(few)
    assert found.tied


def test_what_would_take_too_long_is_refused():
    with pytest.raises(NucleusError, match="Cut truth and prediction"):
        assign(RANDOM.uniform(0, 500, (300, 2)), RANDOM.uniform(0, 500, (300, 2)), most_steps=10)


def test_without_a_place_to_keep_it_code_is_compiled_all_the_same():
    namespace = {}
    exec("def twice(number):\n    return 2 * number", namespace)  # of no file
    assert compiled(namespace["twice"])(2) == 4
