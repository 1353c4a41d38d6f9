import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics import calibration_error


def test_sure_and_right_sure_and_wrong():
    assert calibration_error([1.0, 1.0], [True, True]) == 0
    assert calibration_error([1.0, 1.0], [False, False]) == 1
    assert calibration_error([0.0], [True]) == 1


def test_an_interval_holds_its_upper_end():
    # 0.5 is in the first of two intervals, with 0.1: |1 − 0.6| / 2; 0.6 is in the second.
    assert calibration_error([0.1, 0.5], [True, False], bins=2) == pytest.approx(0.2)
    assert calibration_error([0.5, 0.6], [True, False], bins=2) == pytest.approx((0.5 + 0.6) / 2)


def test_as_a_loop_over_intervals():
    random = np.random.default_rng(0)
    sure = random.random(500)
    right = random.random(500) < sure**2
    expected = 0.0
    for m in range(15):
        inside = (sure > m / 15) & (sure <= (m + 1) / 15)
        expected += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    assert calibration_error(sure, right) == pytest.approx(expected)
    assert 0.1 < expected < 0.3


def test_nothing_to_measure():
    assert np.isnan(calibration_error([], []))


@pytest.mark.parametrize(
    ("sure", "right", "bins"),
    [([0.5], [True, False], 15), ([1.5], [True], 15), ([np.nan], [True], 15), ([0.5], [3], 15), ([0.5], [True], 0)],
)
def test_wrong_input_gives_one_clear_error(sure, right, bins):
    with pytest.raises(NucleusError, match="Expected"):
        calibration_error(sure, right, bins)
