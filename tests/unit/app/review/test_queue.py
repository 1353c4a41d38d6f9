"""Walking over nuclei."""

import numpy as np
import pytest

from napari_nucleus.app.review import ReviewFilter, ReviewItems, ReviewQueue
from napari_nucleus.core import NucleusError


def items(n=6):
    place = np.arange(n, dtype=float)
    classes = np.arange(n) % 2 + 1
    return ReviewItems(
        np.arange(n) // 3, np.arange(10, 10 + n, dtype=np.int32), place, 2 * place, classes, np.full((n, 2), 0.5)
    )


def queue(doubt=(0.1, 0.9, 0.5, 0.8, np.nan, 0.2), **options):
    return ReviewQueue(items(len(doubt)), doubt, **options)


def walk(q):
    rows = []
    while (row := q.next()) is not None and row not in rows:
        rows.append(row)
        q.decide(row)
    return rows


def test_the_most_doubtful_first_and_the_unknown_last():
    q = queue()
    assert q.ahead().tolist() == [1, 3, 2, 5, 0, 4]
    assert q.ahead(2).tolist() == [1, 3]
    assert walk(q) == [1, 3, 2, 5, 0, 4]
    assert q.next() is None


def test_back_and_forth():
    q = queue()
    first, second = q.next(), q.next()
    assert q.previous() == first
    assert q.previous() == first
    assert q.next() == second
    assert q.current == second


def test_what_was_passed_comes_again_when_the_rest_is_done():
    q = queue((0.1, 0.9, 0.5))
    assert q.next() == 1
    assert q.next() == 2
    q.decide(2)
    assert q.next() == 0
    q.decide(0)
    assert q.next() == 1


def test_a_new_order_counts_for_what_is_ahead():
    q = queue()
    q.next()
    q.rank([0, 0, 1, 0, 0, 0])
    assert q.current == 1
    assert q.next() == 2


def test_jumping_leads_on_from_there():
    q = queue()
    moved = []
    q.moved.connect(moved.append)
    q.go_to(0)
    assert q.current == 0
    assert q.next() == 1
    assert q.previous() == 0
    assert moved == [0, 1, 0]


@pytest.mark.parametrize(
    ("choice", "rows"),
    [
        (ReviewFilter(images=frozenset({1})), [3, 5, 4]),
        (ReviewFilter(classes=frozenset({2})), [1, 3, 5]),
        (ReviewFilter(region=((0.5, 0.0), (3.5, 9.0))), [1, 3, 2]),
        (ReviewFilter(region=((0.5, 0.0), (3.5, 0.0), (3.5, 9.0), (0.5, 9.0))), [1, 3, 2]),
        (ReviewFilter(among=np.arange(6) == 2), [2]),
        (ReviewFilter(images=frozenset()), []),
    ],
)
def test_a_choice(choice, rows):
    q = queue()
    q.only = choice
    assert walk(q) == rows


def test_a_choice_of_classes_goes_by_what_nuclei_are_now():
    q = queue()
    q.only = ReviewFilter(classes=frozenset({2}))
    q.decide(1, 1)
    assert 1 not in np.flatnonzero(q.chosen)


def test_progress_and_pace():
    now = iter([0.0, 2.0, 4.0, 500.0, 502.0]).__next__
    q = queue(clock=now)
    assert q.progress == (0, 6, None)
    for row in range(4):
        q.decide(row)  # 2 s each, but for a pause of minutes before the third
    assert q.progress == (4, 6, pytest.approx(4.0))


def test_undo_opens_a_nucleus_again():
    q = queue()
    q.decide(1, 1)
    q.reopen(1, 2)
    assert not q.reviewed.any()
    assert q.classes[1] == 2


def test_what_is_learnt_never_touches_what_was_decided():
    q = queue()
    q.decide([0, 1], [2, 1])
    changed = q.renew(np.array([1, 2, 2, 2, 2, 2]))
    assert q.classes.tolist() == [2, 1, 2, 2, 2, 2]
    assert changed.tolist() == [2, 4]


def test_audits_come_by_chance_and_as_often_as_said():
    n = 400
    q = ReviewQueue(items(n), np.arange(n, 0, -1.0), audit=0.25, seed=1)
    expected, audits = 0, 0
    for _ in range(100):
        row = q.next()
        q.decide(row)
        while q.reviewed[expected]:
            expected += 1
        audits += row > expected
    assert 15 <= audits <= 25


def test_no_nuclei():
    q = ReviewQueue(items(0))
    assert q.next() is None
    assert q.previous() is None
    assert q.progress == (0, 0, None)


def test_rows_are_found_by_image_and_label():
    assert items().row(1, 14) == 4
    with pytest.raises(NucleusError, match="Begin the review anew"):
        items().row(0, 14)


def test_columns_have_to_fit():
    with pytest.raises(NucleusError, match="a row a nucleus"):
        ReviewItems(np.zeros(2), np.zeros(2), np.zeros(1), np.zeros(2), np.ones(2), np.ones((2, 2)))
