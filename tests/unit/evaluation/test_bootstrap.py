import numpy as np
import pytest

from napari_nucleus.evaluation.bootstrap import bootstrap_weights, interval, sign_probability


def test_each_sample_draws_as_many_images_as_there_are():
    weights = bootstrap_weights(7, 100, seed=1)
    assert weights.shape == (100, 7)
    assert (weights.sum(1) == 7).all()
    assert np.array_equal(weights, bootstrap_weights(7, 100, seed=1))


def test_the_interval_of_a_mean_is_that_of_statistics():
    random = np.random.default_rng(0)
    values = random.normal(10, 2, 400)
    low, high = interval(bootstrap_weights(400, 4000) @ values / 400)
    assert low == pytest.approx(values.mean() - 1.96 * values.std() / 20, abs=0.02)
    assert high == pytest.approx(values.mean() + 1.96 * values.std() / 20, abs=0.02)


def test_samples_without_a_value_are_left_out_unless_they_are_most():
    some = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, 1.0]])
    low, high = interval(some)
    assert 1 <= low[0] < high[0] <= 2
    assert np.isnan(low[1])
    assert np.isnan(interval(np.empty((0, 3)))[0]).all()


def test_sign_probability():
    assert sign_probability(np.ones(999)) == pytest.approx(2 / 1000)
    assert sign_probability(np.array([-1.0, 1.0])) == 1
    assert np.isnan(sign_probability(np.full(5, np.nan)))
