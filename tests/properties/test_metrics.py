"""What must hold for any pair of label images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_nucleus.metrics import aggregated_jaccard, detection_f1, dice, panoptic_quality
from napari_nucleus.metrics.overlap import overlap

LABELS = arrays(np.int32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 5))
SEEDS = st.integers(0, 2**16)


@st.composite
def pairs(draw):
    true = draw(LABELS)
    return true, draw(arrays(np.int32, true.shape, elements=st.integers(0, 5)))


def scores(true, pred):
    quality = panoptic_quality(true, pred)
    return np.array([dice(true, pred), aggregated_jaccard(true, pred), quality.dq, quality.sq, quality.pq])


def has_ties(true, pred):
    """Whether a true nucleus has two best predictions, between which AJI decides by label."""
    found = overlap(true, pred)
    iou = found.intersection / found.union
    best = [np.sort(iou[found.true == t])[-2:] for t in np.unique(found.true)]
    return any(len(b) == 2 and np.isclose(*b, atol=1e-5) for b in best)


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_scores_are_between_0_and_1_and_pq_is_dq_times_sq(pair):
    found = scores(*pair)
    if np.any(pair[0]) or np.any(pair[1]):
        assert (found >= 0).all()
        assert (found <= 1).all()
        assert found[4] == pytest.approx(found[2] * found[3])
    else:
        assert np.isnan(found).all()


@settings(max_examples=30, deadline=None)
@given(LABELS.filter(np.any))
def test_a_perfect_prediction_scores_1(labels):
    assert scores(labels, labels) == pytest.approx(np.ones(5))


@settings(max_examples=60, deadline=None)
@given(pairs(), SEEDS)
def test_relabelling_and_transposing_change_nothing(pair, seed):
    true, pred = pair
    names = np.concatenate([[0], 3 + np.random.default_rng(seed).permutation(5)])
    expected = scores(true, pred)
    assert scores(true.T, pred.T) == pytest.approx(expected, nan_ok=True)
    if not has_ties(true, pred):
        assert scores(names[true], names[pred]) == pytest.approx(expected, nan_ok=True)


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
