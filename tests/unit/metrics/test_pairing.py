import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from napari_nucleus.metrics.overlap import overlap
from napari_nucleus.metrics.pairing import BATCH, best_pairs, matched_pairs, pair_centroids, pair_within, unique_pairs

# 1 meets 10 (IoU 2/4) and 11 (1/5), 2 meets 11 (1/3) alone, 3 meets nothing.
FOUND = overlap([[1, 1, 1, 2, 0, 0, 0, 3]], [[10, 10, 11, 11, 11, 10, 0, 0]])


def labels(pairs, found=FOUND):
    true, pred = found.true_labels[found.true[pairs]], found.pred_labels[found.pred[pairs]]
    return list(zip(true.tolist(), pred.tolist(), strict=True))


def test_best_pairs_may_share_a_prediction():
    found = overlap([[1, 1, 2, 2, 0]], [[5, 5, 5, 5, 6]])
    assert labels(best_pairs(found), found) == [(1, 5), (2, 5)]


def test_of_equal_best_predictions_the_lowest_label_is_taken_and_of_equal_iou_the_largest():
    equal = overlap([[1, 1, 1, 1]], [[9, 9, 4, 4]])
    assert labels(best_pairs(equal), equal) == [(1, 4)]
    larger = overlap([[1, 1, 1, 1, 1, 1]] * 2, [[2, 2, 3, 3, 3, 0], [0, 0, 3, 3, 3, 0]])
    assert labels(best_pairs(larger), larger) == [(1, 3)]
    size = overlap([[1] * 6 + [0] * 6], [[2, 2, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0]])
    assert labels(best_pairs(size), size) == [(1, 3)]


def test_unique_pairs_have_the_highest_total_iou():
    assert labels(unique_pairs(FOUND)) == [(1, 10), (2, 11)]
    # Alone, 1 would take 11; together it is better to give way.
    found = overlap([[1, 1, 1, 1, 2, 2, 2, 2]], [[10, 11, 11, 11, 11, 11, 11, 11]])
    assert labels(unique_pairs(found), found) == [(1, 10), (2, 11)]


def test_matched_pairs_are_above_the_threshold():
    found = overlap([[1, 1, 1, 2, 2, 2]], [[7, 7, 0, 8, 9, 9]])
    assert labels(matched_pairs(found), found) == [(1, 7), (2, 9)]
    assert labels(matched_pairs(found, 2 / 3), found) == []
    assert labels(matched_pairs(found, 0), found) == [(1, 7), (2, 9)]


def test_centroids_are_paired_by_total_distance_and_only_then_cut_at_the_radius():
    true, pred = np.array([[0.0, 0], [0, 10]]), np.array([[0.0, 9], [0, 30]])
    # 9 + 20 px is less than 1 + 30; the second pair is too far apart.
    assert [index.tolist() for index in pair_centroids(true, pred, 12)] == [[0], [0]]
    # Within the radius as many as there can be, of those the nearest.
    assert [index.tolist() for index in pair_within(true, pred, 12)] == [[1], [0]]


def test_most_pairs_within_the_radius_come_before_the_distance():
    true, pred = np.array([[0.0, 0], [0, 10]]), np.array([[0.0, 10], [0, 21]])
    i, j = pair_within(true, pred, 12)
    assert list(zip(i, j, strict=True)) == [(0, 0), (1, 1)]


def test_thousands_of_centroids_are_paired_as_on_the_full_table():
    random = np.random.default_rng(0)
    true = random.uniform(0, 1200, (2500, 2))
    pred = true + random.normal(0, 6, true.shape)
    i, j = pair_within(true, pred, 12)
    assert len(set(i)) == len(set(j)) == len(i)
    distance = cdist(true, pred)
    assert (distance <= 12).sum() > 3 * BATCH  # more than are solved at once
    worth = np.where(distance <= 12, 40_000 - distance, 0)  # a pair is worth more than all distances
    assert worth[i, j].sum() == pytest.approx(worth[linear_sum_assignment(worth, maximize=True)].sum())


def test_points_upon_each_other_and_no_points():
    same = np.zeros((3, 2))
    assert len(pair_within(same, same[:2], 0)[0]) == 2
    for pair in (pair_within, pair_centroids):
        assert [index.tolist() for index in pair(np.empty((0, 2)), same, 5)] == [[], []]
        assert [index.tolist() for index in pair(same, np.empty((0, 2)), 5)] == [[], []]


@pytest.mark.parametrize("n_pred", [150, 240])
@pytest.mark.parametrize("spread", ["anywhere", "on a grid", "on a line"])
def test_centroids_are_paired_as_on_the_table_of_all_distances_even_where_totals_tie(spread, n_pred):
    random = np.random.default_rng(n_pred)
    true, pred = random.uniform(0, 60, (200, 2)), random.uniform(0, 60, (n_pred, 2))
    if spread == "on a grid":
        true, pred = true.round(), pred.round()
    if spread == "on a line":
        true[:, 0] = pred[:, 0] = 5
    distance = cdist(true, pred)
    i, j = linear_sum_assignment(distance)
    for radius in (1.0, 12.0):
        near = distance[i, j] <= radius
        np.testing.assert_array_equal(pair_centroids(true, pred, radius), (i[near], j[near]))


def test_more_centroids_than_a_table_could_hold():
    random = np.random.default_rng(0)
    true = random.uniform(0, 10_000, (100_000, 2))
    pred = np.concatenate([true[5000:] + random.normal(0, 0.1, (95_000, 2)), random.uniform(0, 10_000, (2000, 2))])
    i, j = pair_centroids(true, pred, 1)
    assert len(set(i)) == len(set(j)) == len(i)
    assert np.count_nonzero(i == j + 5000) > 94_000  # but for those near the 2,000 that are nowhere
