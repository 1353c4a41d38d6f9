import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from napari_nucleus.evaluation.centroid_pairing import CentroidPairing


def paired(true_yx, yx, radius_px=1e9):
    pairing = CentroidPairing(np.array(true_yx))
    pairing.update(np.arange(1, len(yx) + 1), np.array(yx).reshape(-1, 2))
    return [side.tolist() for side in pairing.pairs(radius_px)]


def total(true_yx, yx, pairs):
    return np.linalg.norm(np.asarray(true_yx)[pairs[0]] - np.asarray(yx)[pairs[1]], axis=1).sum()


def test_a_far_nucleus_may_cost_a_near_pair_its_place():
    # 3 + 7 px is less than 0 + 11 px, although the second pair is then beyond the radius.
    true_yx, yx = [(0.0, 0.0), (0.0, 3.0)], [(0.0, 3.0), (0.0, -7.5)]
    assert paired(true_yx, yx) == [[0, 1], [1, 0]]
    assert paired(true_yx, yx, radius_px=5) == [[1], [0]]


def test_the_radius_itself_is_near():
    assert paired([(0.0, 0.0)], [(3.0, 4.0)], radius_px=5) == [[0], [0]]
    assert paired([(0.0, 0.0)], [(3.0, 4.001)], radius_px=5) == [[], []]


@pytest.mark.parametrize(("n_true", "n_pred"), [(0, 0), (0, 3), (3, 0), (1, 4), (4, 1)])
def test_one_side_may_be_empty_or_small(n_true, n_pred):
    random = np.random.default_rng(0)
    i, j = paired(random.uniform(0, 9, (n_true, 2)), random.uniform(0, 9, (n_pred, 2)))
    assert len(i) == len(j) == min(n_true, n_pred)


def test_points_on_a_grid_tie_yet_the_total_is_the_least():
    grid = np.argwhere(np.ones((7, 7))).astype(float)
    pairing = CentroidPairing(grid)
    random = np.random.default_rng(0)
    for _ in range(30):
        yx = random.integers(0, 7, (random.integers(40, 58), 2)).astype(float)
        pairing.update(np.arange(len(yx)), yx)
        table = cdist(grid, yx)
        assert total(grid, yx, pairing.pairs(1e9)) == pytest.approx(table[linear_sum_assignment(table)].sum())


def test_a_long_correction_to_the_truth_ends_with_everybody_paired_with_himself():
    random = np.random.default_rng(0)
    true_yx = random.uniform(0, 300, (80, 2))
    points = {200 + i: yx for i, yx in enumerate(random.uniform(0, 300, (90, 2)))}
    pairing = CentroidPairing(true_yx)
    todo = [*points, *(-i for i in range(len(true_yx)))]
    for change in random.permutation(todo).tolist():
        points.pop(change) if change > 0 else points.update({-change: true_yx[-change]})
        labels = np.array(sorted(points), np.int32)
        yx = np.array([points[label] for label in labels.tolist()]).reshape(-1, 2)
        pairing.update(labels, yx)
        table = cdist(true_yx, yx)
        assert total(true_yx, yx, pairing.pairs(1e9)) == pytest.approx(table[linear_sum_assignment(table)].sum())
    assert [side.tolist() for side in pairing.pairs(0)] == [list(range(80))] * 2
