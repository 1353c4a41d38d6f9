"""Whatever an annotator does in a review queue."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_nucleus.app.review import ReviewItems, ReviewQueue

N = 9
ROW = st.integers(0, N - 1)
DOUBTS = st.lists(st.floats(0, 1) | st.just(np.nan), min_size=N, max_size=N)
STEP = st.one_of(
    st.tuples(st.just("next")),
    st.tuples(st.just("previous")),
    st.tuples(st.just("go_to"), ROW),
    st.tuples(st.just("decide"), ROW, st.integers(1, 2)),
    st.tuples(st.just("reopen"), ROW, st.integers(1, 2)),
    st.tuples(st.just("rank"), DOUBTS),
    st.tuples(st.just("renew"), st.lists(st.integers(1, 2), min_size=N, max_size=N).map(np.array)),
)


def new_queue(audit):
    place = np.arange(N, dtype=float)
    items = ReviewItems(
        np.zeros(N, int), np.arange(1, N + 1, dtype=np.int32), place, place, np.ones(N, int), np.full((N, 2), 0.5)
    )
    return ReviewQueue(items, audit=audit)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=40), st.sampled_from([0.0, 0.3]))
def test_decisions_stand_and_every_nucleus_is_reached(steps, audit):
    queue, said = new_queue(audit), {}
    for name, *values in steps:
        getattr(queue, name)(*values)
        if name == "decide":
            said[values[0]] = values[1]
        elif name == "reopen":
            said.pop(values[0], None)
    assert {row: queue.classes[row] for row in said} == said
    assert set(np.flatnonzero(queue.reviewed).tolist()) == set(said)
    ahead = queue.ahead()
    assert not queue.reviewed[ahead].any()
    reached = []
    for _ in range(50 + len(steps)):
        if (row := queue.next()) is None:
            break
        if not queue.reviewed[row]:
            reached.append(row)
            queue.decide(row)
    assert queue.reviewed.all()
    assert len(reached) == len(set(reached)) == N - len(said)
