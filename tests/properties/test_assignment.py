"""The least total distance, whatever the points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from napari_nucleus.metrics.assignment import assign
from napari_nucleus.metrics.pairing import pair_centroids

POINT = st.tuples(st.integers(0, 9), st.integers(0, 9)) | st.tuples(st.floats(0, 30), st.floats(-1e4, 1e4))
POINTS = st.lists(POINT, min_size=1, max_size=40).map(lambda points: np.array(points, float))


@settings(max_examples=150, deadline=None)
@given(POINTS, POINTS)
def test_no_assignment_is_shorter(few, many):
    few, many = sorted((few, many), key=len)
    found, distance = assign(few, many), cdist(few, many)
    total = distance[np.arange(len(few)), found.partner].sum()
    assert len(set(found.partner.tolist())) == len(few)
    assert total == pytest.approx(distance[linear_sum_assignment(distance)].sum(), abs=1e-6)
    assert (found.price[:, None] + found.their_price <= distance + 1e-6).all()


@settings(max_examples=100, deadline=None)
@given(POINTS, POINTS, st.integers(0, 99))
def test_where_no_ties_are_told_the_pairs_are_those_of_the_reference(true, pred, seed):
    true = true + np.random.default_rng(seed).uniform(0, 1e-3, true.shape)
    few, many = sorted((true, pred), key=len)
    found, (i, j) = assign(few, many), linear_sum_assignment(cdist(few, many))
    if not found.tied:
        np.testing.assert_array_equal(found.partner[i], j)
    assert len(pair_centroids(true, pred, 1e9)[0]) == len(few)
