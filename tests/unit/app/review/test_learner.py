"""Learning from corrections."""

import numpy as np
import pytest

from napari_nucleus.app.review import Learner
from napari_nucleus.core import NucleusError


def test_without_corrections_it_says_what_the_model_says(tissue):
    items, features, _ = tissue
    learned = Learner(items, features).fit(np.zeros(0, int), np.zeros(0, int))
    np.testing.assert_allclose(learned.probabilities, items.probabilities, atol=1e-9)
    assert learned.taught == 0


def test_a_few_corrections_right_the_others_alike(tissue):
    items, features, truth = tissue
    rows = np.flatnonzero(items.image == 1)[::5]
    learned = Learner(items, features).fit(rows, truth[rows])
    others = np.setdiff1d(np.arange(len(items)), rows)
    before = (items.classes == truth)[others].mean()
    after = (learned.classes == truth)[others].mean()
    assert 1 - after < 0.7 * (1 - before)
    np.testing.assert_allclose(learned.probabilities.sum(1), 1)


def test_the_same_corrections_teach_the_same(tissue):
    items, features, truth = tissue
    rows = np.arange(0, len(items), 4)
    one, two = (Learner(items, features).fit(rows, truth[rows]).probabilities for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_unknown_classes_and_unknown_features_do_no_harm(tissue):
    items, features, truth = tissue
    features = features.copy()
    features[3] = np.nan
    learner = Learner(items, features)
    rows = np.array([0, 3, 5])
    with_unknown = learner.fit(np.append(rows, 9), np.append(truth[rows], 0))
    np.testing.assert_allclose(with_unknown.probabilities, learner.fit(rows, truth[rows]).probabilities)
    assert np.isfinite(with_unknown.probabilities).all()


def test_classes_that_came_later_teach_nothing(tissue):
    items, features, truth = tissue
    learner = Learner(items, features)
    rows = np.array([0, 3, 5])
    learned = learner.fit(np.append(rows, 9), np.append(truth[rows], items.n_classes + 1))
    assert learned.taught == 3
    np.testing.assert_array_equal(learned.probabilities, learner.fit(rows, truth[rows]).probabilities)


def test_many_corrections_go_through_landmarks(tissue, monkeypatch):
    monkeypatch.setattr("napari_nucleus.app.review.learner._LANDMARKS", 40)
    items, features, truth = tissue
    rows = np.arange(0, len(items), 2)
    learned = Learner(items, features).fit(rows, truth[rows])
    assert learned.taught == len(rows)
    assert (learned.classes == truth).mean() > (items.classes == truth).mean()


def test_features_have_to_fit(tissue):
    items, features, _ = tissue
    with pytest.raises(NucleusError, match="Compute them anew"):
        Learner(items, features[:-1])
