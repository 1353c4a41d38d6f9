import numpy as np
import pytest

from napari_nucleus.app.correct import Workbench
from napari_nucleus.app.correct.following import Among, Following, review_items
from napari_nucleus.app.correct.keys import Action, KeyMap
from napari_nucleus.app.correct.mode import Tool
from napari_nucleus.app.correct.reviewer import Reviewer
from napari_nucleus.app.review import Learned, ReviewFilter
from napari_nucleus.core import HoverMaps, NucleusError
from napari_nucleus.project.agreement import disputes

CENTRES = {7: (20, 20), 14: (20, 37), 21: (250, 255), 28: (255, 400), 35: (100, 511), 42: (290, 100)}


@pytest.fixture
def reviewer(bench):
    reviewer = Reviewer(bench, KeyMap.default(4))
    reviewer.review(Following(bench))
    reviewer.mode.on = True
    return reviewer


def queue(reviewer):
    return reviewer.following.session.queue


def test_hover_and_digit_set_the_class_and_go_on(reviewer):
    visited = []
    reviewer.visited.connect(visited.append)
    reviewer.press("N")
    first = reviewer.mode.current
    reviewer.point(CENTRES[first])
    reviewer.press("3")
    assert reviewer.bench.rows.number(first) == 3
    assert reviewer.mode.current not in (0, first)
    assert visited == [first, reviewer.mode.current]
    assert queue(reviewer).progress.done == 1


def test_another_nucleus_under_the_pointer_leaves_the_queue_where_it_is(reviewer):
    reviewer.press("N")
    current = reviewer.mode.current
    other = next(label for label in CENTRES if label != current)
    reviewer.point(CENTRES[other])
    reviewer.press("2")
    assert reviewer.bench.rows.number(other) == 2
    assert reviewer.mode.target == current


def test_space_accepts_and_previous_goes_back(reviewer):
    reviewer.press("N")
    first = reviewer.mode.current
    reviewer.press("Space")
    assert reviewer.bench.rows[first].state == "accepted"
    second = reviewer.mode.current
    reviewer.press("P")
    assert reviewer.mode.current == first
    reviewer.press("N")
    assert reviewer.mode.current == second


def test_undo_opens_the_nucleus_again_and_looks_at_it(reviewer):
    reviewer.press("N")
    first, number = reviewer.mode.current, reviewer.bench.rows.number(reviewer.mode.current)
    reviewer.press("1" if number != 1 else "2")
    reviewer.press("U")
    assert reviewer.bench.rows.number(first) == number
    assert queue(reviewer).progress.done == 0
    assert reviewer.mode.current == first
    reviewer.press("Ctrl-Shift-Z")
    assert queue(reviewer).progress.done == 1


def test_a_deleted_nucleus_leaves_the_queue_and_comes_back(reviewer):
    reviewer.press("N")
    first = reviewer.mode.current
    reviewer.press("X")
    assert first not in reviewer.bench.rows
    assert reviewer.mode.current not in (0, first)
    assert queue(reviewer).progress.done == 1
    reviewer.press("Ctrl-Z")
    assert first in reviewer.bench.rows
    assert queue(reviewer).progress.done == 0


def test_two_keys_merge_what_was_pointed_at(reviewer):
    reviewer.point(CENTRES[7])
    reviewer.press("M")
    assert reviewer.mode.chosen == {7}
    reviewer.point(CENTRES[14])
    reviewer.press("M")
    assert reviewer.mode.chosen == frozenset()
    assert reviewer.bench.label_at(20, 20) == reviewer.bench.label_at(20, 37) != 0


def test_a_line_from_key_to_key_splits(reviewer):
    reviewer.point((236, 255))
    reviewer.press("Shift-S")
    assert reviewer.mode.tool is Tool.CUT
    reviewer.point((264, 255))
    reviewer.press("Shift-S")
    assert reviewer.mode.tool is None
    assert 0 != reviewer.bench.label_at(250, 250) != reviewer.bench.label_at(250, 260) != 0


def test_a_line_beside_is_told(reviewer):
    reviewer.point((150, 150))
    reviewer.press("Shift-S")
    reviewer.point((160, 160))
    with pytest.raises(NucleusError, match="across a nucleus"):
        reviewer.press("Shift-S")
    assert reviewer.mode.tool is None


@pytest.mark.parametrize(("key", "path"), [("B", [(0, 0), (60, 60)]), ("L", [(0, 0), (0, 60), (60, 60), (60, 0)])])
def test_what_a_box_or_a_lasso_holds_takes_the_next_key(reviewer, key, path):
    reviewer.point(path[0])
    reviewer.press(key)
    for place in path[1:]:
        reviewer.point(place)
    reviewer.press(key)
    assert reviewer.mode.chosen == {7, 14}
    reviewer.press("4")
    assert [reviewer.bench.rows.number(label) for label in (7, 14)] == [4, 4]
    assert reviewer.mode.chosen == frozenset()


def test_escape_drops_what_is_begun_before_it_leaves(reviewer):
    reviewer.point(CENTRES[7])
    reviewer.press("L")
    reviewer.press("Escape")
    assert reviewer.mode.on
    assert reviewer.mode.tool is None
    reviewer.press("M")
    reviewer.press("Escape")
    assert reviewer.mode.on
    reviewer.press("Escape")
    assert not reviewer.mode.on


def test_a_brush_draws_extends_and_erases(reviewer):
    pixels = np.ones((10, 12), bool)
    reviewer.point((180, 180))
    reviewer.press("D")
    reviewer.press("2")
    reviewer.stroke((175, 175, 185, 187), pixels)
    drawn = reviewer.bench.label_at(180, 180)
    assert (drawn > 0, reviewer.bench.rows.number(drawn)) == (True, 2)
    reviewer.press("D")
    reviewer.point((180, 180))
    reviewer.press("E")
    reviewer.stroke((183, 175, 193, 187), pixels)
    assert reviewer.bench.label_at(190, 180) == drawn
    reviewer.press("Shift-E")
    reviewer.stroke((170, 175, 180, 187), pixels)
    assert reviewer.bench.label_at(177, 180) == 0
    assert reviewer.bench.label_at(188, 180) == drawn


def test_a_missed_nucleus_is_proposed_grown_and_added(reviewer):
    y, x = np.mgrid[:300, :520]
    distance = np.hypot(y - 150, x - 200)
    np_prob = np.clip(1.2 - distance / 12, 0, 1).astype(np.float32)
    reviewer.maps = HoverMaps(np_prob, np.zeros((2, 300, 520), np.float32))
    proposals = []
    reviewer.proposed.connect(proposals.append)
    assert not reviewer.turn(1)
    reviewer.click((150, 200))
    assert reviewer.turn(1)
    reviewer.press("Up")
    assert proposals[0].pixels.sum() < proposals[1].pixels.sum() < proposals[2].pixels.sum()
    reviewer.press("Enter")
    assert proposals[-1] is None
    assert (reviewer.bench.labels == reviewer.bench.label_at(150, 200)).sum() == proposals[2].pixels.sum()


def test_without_maps_nothing_is_proposed(reviewer):
    with pytest.raises(NucleusError, match="NP and HoVer maps"):
        reviewer.click((150, 200))
    assert reviewer.mode.tool is None


def test_a_key_without_nucleus_is_told(reviewer):
    with pytest.raises(NucleusError, match="Point at one"):
        reviewer.press("3")


def test_what_only_a_window_can_do_is_asked(reviewer):
    asked = []
    reviewer.asked.connect(asked.append)
    reviewer.press("?")
    reviewer.press("C")
    assert asked == [Action.HELP, Action.COMMENT]


def test_what_is_learnt_is_one_correction_and_leaves_decided_nuclei_alone(reviewer):
    reviewer.review(Following(reviewer.bench, np.eye(6)))
    reviewer.point(CENTRES[7])
    reviewer.press("3")
    lines = len(reviewer.bench.project.lines(1))
    items = reviewer.following.session.items
    learned = Learned(np.tile([0.05, 0.85, 0.05, 0.05], (len(items), 1)), 1, 0.1)
    reviewer.following.take(learned)
    assert [reviewer.bench.rows.number(label) for label in CENTRES] == [3, 2, 2, 2, 2, 2]
    assert len(reviewer.bench.project.lines(1)) == lines + 1
    assert [reviewer.bench.rows[label].source for label in (7, 14)] == ["human", "model"]
    reviewer.press("U")
    assert [reviewer.bench.rows[label].source for label in (7, 14)] == ["model", "model"]


def test_a_flagged_nucleus_is_not_changed_by_learning(reviewer):
    reviewer.review(Following(reviewer.bench, np.eye(6)))
    number = reviewer.bench.rows.number(7)
    reviewer.point(CENTRES[7])
    reviewer.press("F")
    reviewer.following.take(Learned(np.tile(np.eye(4)[number % 4], (6, 1)), 1, 0.1))
    assert reviewer.bench.rows.number(7) == number
    reviewer.press("U")
    assert reviewer.bench.rows[7].state == "proposed"


def test_a_review_goes_on_where_it_was_left(reviewer, bench):
    reviewer.press("N")
    reviewer.press("Space")
    assert Following(bench).session.queue.progress.done == 1


def test_nuclei_without_probabilities_are_as_likely_of_any_class(bench):
    items = review_items(bench, 0.25)
    np.testing.assert_allclose(items.probabilities.sum(1), 1)
    assert items.label.tolist() == sorted(CENTRES)


def test_where_annotators_disagree_a_third_decides(reviewer, project):
    for name, number in (("bob", 1), ("eve", 2)):
        Workbench.open(project, 1, name).set_class(21, number)
    reviewer.bench.refresh()
    following = reviewer.following
    assert queue(reviewer).progress.done == 1
    queue(reviewer).only = ReviewFilter(among=following.among(Among.DISPUTED))
    reviewer.press("N")
    assert reviewer.mode.current == 21
    reviewer.press("3")
    assert reviewer.bench.rows.number(21) == 3
    assert not disputes(project)
    assert queue(reviewer).progress == (1, 1, queue(reviewer).progress.seconds_left)


def test_flagged_nuclei_alone_are_visited(reviewer):
    reviewer.bench.flag([28, 35])
    queue(reviewer).only = ReviewFilter(among=reviewer.following.among(Among.FLAGGED))
    visited = set()
    for _ in range(3):
        reviewer.press("N")
        visited.add(reviewer.mode.current)
    assert visited == {28, 35}
