"""What must hold for any truth and prediction."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from napari_nucleus.metrics import (
    aggregated_jaccard,
    aggregated_jaccard_plus,
    calibration_error,
    confusion_matrix,
    count_nuclei,
    detection_f1,
    dice,
    ensemble_dice,
    matched_f1,
    multiclass_pq_plus,
    pannuke_pq,
    panoptic_quality,
)
from napari_nucleus.metrics.overlap import overlap
from napari_nucleus.metrics.pairing import best_assignment, matched_pairs, pair_within, unique_pairs

LABELS = arrays(np.int32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 5))
SEEDS = st.integers(0, 2**16)
POINTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=5).map(
    lambda points: np.array(points, float).reshape(-1, 2)
)
C = 3


@st.composite
def pairs(draw):
    true = draw(LABELS)
    return true, draw(arrays(np.int32, true.shape, elements=st.integers(0, 5)))


@st.composite
def typed_pairs(draw):
    """Truth, prediction, and a class map of each."""
    true, pred = draw(pairs())
    return true, pred, *(draw(arrays(np.int32, true.shape, elements=st.integers(0, C))) for _ in range(2))


def scores(true, pred):
    """Dice, DICE2, AJI, AJI+, DQ, SQ, PQ."""
    quality = panoptic_quality(true, pred)
    functions = dice, ensemble_dice, aggregated_jaccard, aggregated_jaccard_plus
    return np.array([*(score(true, pred) for score in functions), quality.dq, quality.sq, quality.pq])


def class_scores(true, pred, true_types, pred_types):
    """Scores by class of one image."""
    image = [true], [pred], [true_types], [pred_types]
    plus, pannuke = multiclass_pq_plus(*image, C), pannuke_pq(*image, C)
    return np.concatenate([[plus.mean], plus.per_class, pannuke.mpq, pannuke.bpq, pannuke.per_class[0]])


def has_ties(true, pred):
    """Whether pairs have one IoU: between them AJI decides by label, and AJI+ as it comes."""
    iou = np.sort(overlap(true, pred).iou)
    return np.isclose(iou[1:], iou[:-1], atol=1e-5).any()


def renamed(seed):
    """Other labels for 0 to 5, with gaps."""
    return np.concatenate([[0], 3 + 7 * np.random.default_rng(seed).permutation(5)])


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_scores_are_between_0_and_1_and_pq_is_dq_times_sq(pair):
    found = scores(*pair)
    if np.any(pair[0]) or np.any(pair[1]):
        assert (found >= 0).all()
        assert (found <= 1).all()
        assert found[6] == pytest.approx(found[4] * found[5])
    else:
        assert np.isnan(found).all()


@settings(max_examples=60, deadline=None)
@given(pairs().filter(lambda pair: pair[0].any() or pair[1].any()))
def test_aji_is_never_above_dice(pair):
    assert aggregated_jaccard(*pair) <= dice(*pair)
    assert aggregated_jaccard_plus(*pair) <= dice(*pair)


@settings(max_examples=30, deadline=None)
@given(LABELS.filter(np.any))
def test_a_perfect_prediction_scores_1(labels):
    assert scores(labels, labels) == pytest.approx(np.ones(7))


@settings(max_examples=60, deadline=None)
@given(pairs(), SEEDS)
def test_relabelling_and_transposing_change_nothing(pair, seed):
    true, pred = pair
    names = renamed(seed)
    expected = scores(true, pred)
    assert scores(true.T, pred.T) == pytest.approx(expected, nan_ok=True)
    again = scores(names[true], names[pred])
    settled = np.array([True, True, False, False, True, True, True]) | (not has_ties(true, pred))
    assert again[settled] == pytest.approx(expected[settled], nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(typed_pairs(), SEEDS)
def test_relabelling_and_transposing_change_no_class(image, seed):
    names = renamed(seed)
    expected = class_scores(*image)
    assert class_scores(*(part.T for part in image)) == pytest.approx(expected, nan_ok=True)
    assert class_scores(names[image[0]], names[image[1]], *image[2:]) == pytest.approx(expected, nan_ok=True)
    named = np.nan_to_num(expected, nan=0)
    assert ((named >= 0) & (named <= 1)).all()


@settings(max_examples=40, deadline=None)
@given(typed_pairs())
def test_the_scores_of_all_classes_are_those_of_each_class_alone(image):
    true, pred, true_types, pred_types = image
    together = multiclass_pq_plus([true], [pred], [true_types], [pred_types], C)
    by_image = pannuke_pq([true], [pred], [true_types], [pred_types], C)
    for c in range(1, C + 1):
        alone = panoptic_quality(true * (true_types == c), pred * (pred_types == c))
        assert (together.tp[c - 1], together.fp[c - 1], together.fn[c - 1]) == (alone.tp, alone.fp, alone.fn)
        assert together.per_class[c - 1] == pytest.approx(np.nan_to_num(alone.pq))
        empty = alone.tp + alone.fn == 0
        assert by_image.per_class[0, c - 1] == pytest.approx(np.nan if empty else alone.pq, nan_ok=True)
        assert count_nuclei(true, true_types, C)[c - 1] == alone.tp + alone.fn


@settings(max_examples=40, deadline=None)
@given(typed_pairs())
def test_the_confusion_matrix_counts_every_nucleus_once(image):
    true, pred, true_types, pred_types = image
    found = overlap(true, pred)
    matrix = confusion_matrix(true, pred, true_types, pred_types, C)
    assert matrix[:-1].sum() == len(found.true_area)
    assert matrix[:, :-1].sum() == len(found.pred_area)
    assert matrix[:-1, :-1].sum() == len(matched_pairs(found))


@settings(max_examples=80, deadline=None)
@given(arrays(np.int8, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(0, 6)))
def test_the_best_assignment_is_that_of_the_full_table(table):
    rows, columns = np.nonzero(table > 2)  # few pairs, so that they fall into components
    weight = table[rows, columns] / 7
    chosen = best_assignment(rows, columns, weight)
    assert len(set(rows[chosen])) == len(set(columns[chosen])) == len(chosen)
    full = np.where(table > 2, table / 7, 0)
    assert weight[chosen].sum() == pytest.approx(full[linear_sum_assignment(full, maximize=True)].sum())


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_unique_pairs_have_the_highest_total_iou(pair):
    found = overlap(*pair)
    table = np.zeros((len(found.true_area), len(found.pred_area)))
    table[found.true, found.pred] = found.iou
    best = table[linear_sum_assignment(table, maximize=True)]
    assert found.iou[unique_pairs(found)].sum() == pytest.approx(best.sum(), abs=1e-4)
    assert found.iou[matched_pairs(found, 0)].sum() == pytest.approx(best.sum())


@settings(max_examples=60, deadline=None)
@given(POINTS, POINTS, st.sampled_from([0, 1, 2.5, 5]))
def test_pairs_within_a_radius_are_those_of_trying_everything(true, pred, radius):
    distance = cdist(true, pred)
    best = (0, 0.0)
    for size in range(min(distance.shape), 0, -1):
        totals = [
            distance[list(i), list(j)].sum()
            for i in itertools.combinations(range(len(true)), size)
            for j in itertools.permutations(range(len(pred)), size)
            if (distance[list(i), list(j)] <= radius).all()
        ]
        if totals:
            best = (size, min(totals))
            break
    i, j = pair_within(true, pred, radius)
    assert len(set(i)) == len(set(j)) == len(i) == best[0]
    assert (distance[i, j] <= radius).all()
    assert distance[i, j].sum() == pytest.approx(best[1])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=20), st.integers(1, 20), SEEDS)
def test_the_calibration_error_is_bounded_and_knows_no_order(nuclei, bins, seed):
    sure, right = (np.array(side) for side in zip(*nuclei, strict=True))
    order = np.random.default_rng(seed).permutation(len(nuclei))
    error = calibration_error(sure, right, bins)
    assert 0 <= error <= 1
    assert calibration_error(sure[order], right[order], bins) == pytest.approx(error)
    assert error >= abs(sure.mean() - right.mean()) - 1e-9


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 60)] * 2, st.integers(0, 3)), max_size=9), SEEDS)
def test_detection_of_the_same_nuclei_in_another_order_is_perfect(nuclei, seed):
    order = np.random.default_rng(seed).permutation(len(nuclei))
    points = np.array([n[:2] for n in nuclei]).reshape(-1, 2)
    points[:, 0] += 100 * np.arange(len(nuclei))  # apart, so that every nucleus has one partner
    types = np.array([n[2] for n in nuclei], int)
    score = detection_f1([points], [points[order]], [types], [types[order]], n_classes=3)
    if nuclei:
        assert score.f_d == 1
    for number, value in enumerate(score.f_c, 1):
        assert value == 1 if number in types else np.isnan(value)
    plain = matched_f1([points], [points[order]], [types], [types[order]], n_classes=3)
    assert plain.per_class == pytest.approx(score.f_c, nan_ok=True)
