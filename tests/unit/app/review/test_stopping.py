"""How many labels are still wrong."""

import numpy as np
import pytest

from napari_nucleus.app.review import Stopping


def world(n=4000, twist=1.0, seed=0):
    """Stated chances of mistakes, and mistakes that are as many times as frequent."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(1, 6, n)
    return chance, rng.random(n) < np.clip(twist * chance, 0, 1)


def visited(stopping, chance, wrong, rows):
    stopping.note(rows, chance[rows], wrong[rows])
    reviewed = np.zeros(len(chance), bool)
    reviewed[rows] = True
    return reviewed


def test_at_the_beginning_the_stated_chances_are_believed():
    chance, _ = world()
    told = Stopping().remaining(chance, np.zeros(len(chance), bool))
    assert told.low < chance.mean() < told.high
    assert told.share == pytest.approx(chance.mean(), rel=0.5)
    assert (told.nuclei, told.open) == (len(chance), len(chance))


@pytest.mark.parametrize("twist", [0.3, 1.0, 2.5])
def test_visits_correct_chances_that_do_not_hold(twist):
    chance, wrong = world(twist=twist)
    stopping = Stopping()
    reviewed = visited(stopping, chance, wrong, np.arange(600))
    told = stopping.remaining(chance, reviewed)
    truth = wrong[~reviewed].sum() / len(wrong)
    assert told.low <= truth <= told.high
    assert told.share == pytest.approx(truth, abs=0.05)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    held = []
    for seed in range(60):
        chance, wrong = world(n=800, twist=1.5, seed=seed)
        doubtful = np.argsort(-chance)[:150]
        stopping = Stopping()
        reviewed = visited(stopping, chance, wrong, doubtful)
        told = stopping.remaining(chance, reviewed)
        held.append(told.low <= wrong[~reviewed].mean() * (~reviewed).mean() <= told.high)
    assert np.mean(held) >= 0.9


def test_more_visits_narrow_the_interval():
    chance, wrong = world()
    widths = []
    for visits in (20, 200, 2000):
        stopping = Stopping()
        told = stopping.remaining(chance, visited(stopping, chance, wrong, np.arange(visits)))
        widths.append(told.high - told.low)
    assert widths == sorted(widths, reverse=True)


def test_when_all_is_reviewed_nothing_is_wrong():
    chance, wrong = world(n=50)
    stopping = Stopping()
    told = stopping.remaining(chance, visited(stopping, chance, wrong, np.arange(50)))
    assert (told.share, told.low, told.high, told.open) == (0, 0, 0, 0)


def test_reviews_to_a_target_reach_it_and_one_less_does_not():
    chance, wrong = world()
    stopping = Stopping()
    reviewed = visited(stopping, chance, wrong, np.arange(400))
    more = stopping.reviews_to(0.05, chance, reviewed, sure=True)
    doubtful = np.flatnonzero(~reviewed)[np.argsort(-chance[~reviewed])]

    def upper(reviews):
        then = reviewed.copy()
        then[doubtful[:reviews]] = True
        return stopping.remaining(chance, then).high

    assert upper(more) <= 0.05 < upper(more - 1)
    assert stopping.reviews_to(0.05, chance, reviewed) < more
    assert stopping.reviews_to(0.9, chance, reviewed) == 0


def test_decisions_that_are_taken_back_do_not_count():
    chance, wrong = world(twist=3)
    stopping = Stopping()
    before = stopping.remaining(chance, np.zeros(len(chance), bool))
    stopping.note(np.arange(300), chance[:300], wrong[:300])
    stopping.forget(np.arange(300))
    assert stopping.remaining(chance, np.zeros(len(chance), bool)) == before


def test_no_nuclei():
    told = Stopping().remaining(np.zeros(0), np.zeros(0, bool))
    assert (told.share, told.nuclei) == (0, 0)
    assert Stopping().reviews_to(0.02, np.zeros(0), np.zeros(0, bool)) == 0
