"""A review as a whole: queue, lessons, and the end."""

import numpy as np
import pytest

from napari_nucleus.app.review import Doubt, Evidence, ReviewSession


def work(session, truth, nuclei):
    """Decide on so many nuclei as an annotator who knows all."""
    for _ in range(nuclei):
        row = session.queue.next()
        session.decide(row, truth[row])


def test_learning_rights_more_than_was_visited(tissue):
    items, features, truth = tissue
    session = ReviewSession(items, features, every=10)
    session.lesson_due.connect(session.learn)
    wrong = (session.queue.classes != truth).sum()
    work(session, truth, 60)
    still = (session.queue.classes != truth).sum()
    decided = session.queue.reviewed
    assert wrong - still > (items.classes != truth)[decided].sum()


def test_decisions_stay_whatever_is_learnt(tissue):
    items, features, truth = tissue
    session = ReviewSession(items, features, every=5)
    session.lesson_due.connect(session.learn)
    odd = {}
    for _ in range(40):
        row = session.queue.next()
        odd[row] = int(truth[row] % 3 + 1)  # always wrong
        session.decide(row, odd[row])
    assert {row: session.queue.classes[row] for row in odd} == odd


def test_a_lesson_tells_what_has_changed(tissue):
    items, features, truth = tissue
    session = ReviewSession(items, features)
    rows = np.flatnonzero(items.image == 1)[:60]
    session.decide(rows, truth[rows])
    before = session.queue.classes.copy()
    changed = session.learn()
    assert changed.tolist() == np.flatnonzero(session.queue.classes != before).tolist()
    assert len(changed)


def test_without_learning_classes_stay_but_the_error_is_told(tissue):
    items, features, truth = tissue
    session = ReviewSession(items, features, learning=False, every=10)
    session.lesson_due.connect(session.learn)
    order = session.queue.doubt.copy()
    work(session, truth, 60)
    others = ~session.queue.reviewed
    assert (session.queue.classes == items.classes)[others].all()
    np.testing.assert_array_equal(session.queue.doubt, order)
    told = session.remaining()
    assert told.low <= (session.queue.classes != truth).mean() <= told.high


def test_without_features_nothing_is_learnt(tissue):
    items, _, truth = tissue
    session = ReviewSession(items, every=5)
    session.lesson_due.connect(session.learn)
    work(session, truth, 20)
    assert not session.learning
    assert session.remaining().open == len(items) - 20


@pytest.mark.parametrize("learning", [True, False])
def test_never_is_more_wrong_than_the_upper_end_says(made_up, learning):
    """Where all mistakes have one pattern, less is wrong than what was found so far suggests."""
    held = []
    for seed in range(6):
        items, features, truth = made_up(seed=seed)
        session = ReviewSession(items, features, learning=learning, seed=seed)
        session.lesson_due.connect(session.learn)
        for _ in range(8):
            held.append((session.queue.classes != truth).mean() <= session.remaining().high)
            work(session, truth, 30)
    assert np.mean(held) >= 0.95


def test_undo_takes_a_decision_out_of_everything(tissue):
    items, features, truth = tissue
    session = ReviewSession(items, features)
    row = session.queue.next()
    before = session.remaining()
    session.decide(row, truth[row] % 3 + 1)
    session.reopen(row, items.classes[row])
    assert session.remaining() == before
    assert len(session.lesson()[0]) == 0
    assert session.queue.classes[row] == items.classes[row]


def test_what_is_no_nucleus_is_done_and_teaches_nothing(tissue):
    items, features, truth = tissue
    session = ReviewSession(items, features)
    session.drop([4, 5])
    session.decide(6, truth[6])
    assert session.lesson()[0].tolist() == [6]
    assert session.remaining().open == len(items) - 3
    session.reopen(4, items.classes[4])
    session.decide(4, truth[4])
    assert session.lesson()[0].tolist() == [4, 6]


def test_the_order_follows_the_evidence(tissue):
    items, features, _ = tissue
    graph = np.roll(items.probabilities, 1, 0)
    session = ReviewSession(items, features, evidence=Evidence(items.probabilities, graph=graph))
    assert Doubt.VOTE_GRAPH in session.orders
    assert Doubt.RELABEL not in session.orders
    first = {}
    for order in session.orders:
        session.order = order
        first[order] = session.queue.ahead(5).tolist()
    assert len({tuple(rows) for rows in first.values()}) > 1


def test_advice_becomes_that_one_may_stop(tissue):
    items, features, truth = tissue
    session = ReviewSession(items, features, every=20)
    session.lesson_due.connect(session.learn)
    first = session.advice(0.02)
    work(session, truth, 280)
    last = session.advice(0.02)
    assert first.reviews is None or first.reviews > 0
    assert last.reviews == 0
    assert last.text == "under 2% wrong, surely: you may stop"
    assert "to be under 2% wrong" in first.text


@pytest.mark.parametrize("order", [Doubt.MISTAKE, Doubt.MIX])
def test_the_same_decisions_lead_the_same_way(tissue, order):
    items, features, truth = tissue
    ways = []
    for _ in range(2):
        session = ReviewSession(items, features, order=order, every=10)
        session.lesson_due.connect(session.learn)
        work(session, truth, 30)
        ways.append(np.flatnonzero(session.queue.reviewed).tolist())
    assert ways[0] == ways[1]
