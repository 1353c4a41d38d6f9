import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_nucleus.metrics.ranking import average_precision


@pytest.mark.parametrize(
    ("wanted", "score", "expected"),
    [
        ([1, 1, 0, 0], [4, 3, 2, 1], 1.0),
        ([0, 0, 1], [3, 2, 1], 1 / 3),
        ([1, 0, 1, 0], [4, 3, 2, 1], (1 + 2 / 3) / 2),
        ([1, 0, 0, 0], [1, 1, 1, 1], 0.25),
    ],
)
def test_by_hand(wanted, score, expected):
    assert average_precision(np.array(wanted, bool), score) == pytest.approx(expected)


def test_nothing_wanted():
    assert np.isnan(average_precision([False, False], [1, 2]))


@given(st.lists(st.tuples(st.booleans(), st.integers(-5, 5)), min_size=1, max_size=30))
def test_order_of_the_list_is_no_merit_and_no_score_beats_the_truth(pairs):
    wanted, score = (np.array(column) for column in zip(*pairs, strict=True))
    if not wanted.any():
        return
    value = average_precision(wanted, score)
    assert value == pytest.approx(average_precision(wanted[::-1], score[::-1]))
    assert 0 < value <= average_precision(wanted, wanted) == 1
