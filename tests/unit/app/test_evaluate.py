import numpy as np
import pytest

from napari_nucleus.app.error_map import Outcome, changed_box, outcome_of, outcomes
from napari_nucleus.app.evaluate import EvaluateController
from napari_nucleus.app.evaluate_state import LayerSource
from napari_nucleus.app.features import features_of
from napari_nucleus.app.score_rows import MEANINGS, score_rows
from napari_nucleus.core import NucleusError, NucleusMap, scheme
from napari_nucleus.evaluation import Case, evaluate, match
from napari_nucleus.evaluation.scoring import TITLES

SHAPE = (80, 100)


def squares(places, size=10):
    """A label image with a square at each (label, y, x)."""
    labels = np.zeros(SHAPE, np.int32)
    for label, y, x in places:
        labels[y : y + size, x : x + size] = label
    return labels


TRUE = squares([(1, 5, 5), (2, 5, 30), (3, 5, 60), (4, 40, 5)])
PRED = squares([(11, 5, 5), (12, 6, 31), (13, 40, 60), (14, 40, 6)])
CLASSES = {1: 1, 2: 2, 3: 3, 4: 2, 11: 1, 12: 3, 13: 2, 14: 2}


def source(labels, name="layer", classes="consep", features=None, mpp=0.25):
    nuclei = NucleusMap.from_labels(labels, mpp=mpp, classes=classes, class_of=CLASSES)
    return LayerSource(name, labels.copy(), features_of(nuclei) if features is None else features, nuclei.scheme, mpp)


def unclassed(labels, name="layer"):
    return LayerSource(name, labels.copy(), {}, None, 0.25)


@pytest.fixture
def controller():
    return EvaluateController()


@pytest.fixture
def compared(controller):
    """A controller that has compared the squares; the truth's classes are 1, 2, 3 and 2."""
    compare(controller, source(TRUE, "truth"), source(PRED, "nuclei"))
    return controller


def compare(controller, truth, prediction):
    controller.accept(controller.work(controller.submit(truth, prediction)))


def value(controller, key, name=""):
    table = controller.state.shown.table
    return table.loc[(table["metric"] == key) & (table["class"] == name), "value"].item()


def classes_of(labels, **changed):
    names = {label: scheme("consep").name_of(CLASSES.get(label, 0)) for label in np.unique(labels).tolist() if label}
    return names | {int(label[1:]): name for label, name in changed.items()}


def test_a_comparison_shows_what_evaluate_finds(compared):
    shown = compared.state.shown
    truth, prediction = (NucleusMap.from_labels(labels, classes="consep", class_of=CLASSES) for labels in (TRUE, PRED))
    expected = evaluate([Case("x", truth, prediction)])
    table = expected.table(bootstrap=1000)
    np.testing.assert_allclose(shown.table["value"], table["value"])
    np.testing.assert_allclose(shown.table["low"], table["low"])
    assert shown.settled
    assert shown.confusion.equals(expected.class_confusion())
    assert shown.outcomes == {Outcome.FOUND: 2, Outcome.WRONG_CLASS: 1, Outcome.MISSED: 1, Outcome.EXTRA: 1}
    assert not compared.state.running


def test_the_picture_shows_each_outcome(compared):
    def at(y, x):
        number = compared.errors[y, x]
        return outcome_of(number) if number else None

    assert at(8, 8) == Outcome.FOUND
    assert at(12, 36) == Outcome.WRONG_CLASS
    assert at(8, 65) == Outcome.MISSED
    assert at(45, 65) == Outcome.EXTRA
    assert at(30, 30) is None


def test_a_correction_moves_the_numbers_at_once_and_the_intervals_later(compared):
    before = compared.state.shown
    boxes = []
    compared.errors_changed.connect(boxes.append)
    now = PRED.copy()
    now[now == 13] = 0
    assert compared.follow(now)
    shown = compared.state.shown
    assert not shown.settled
    assert shown.outcomes[Outcome.EXTRA] == 0
    assert value(compared, "dq") == pytest.approx(3 / 3.5)
    np.testing.assert_array_equal(shown.table["low"], before.table["low"])
    assert boxes == [(slice(40, 50), slice(60, 70))]
    assert not compared.errors[40:50, 60:70].any()
    compared.settle(compared.draw(compared.intervals()))
    assert compared.state.shown.settled
    assert compared.intervals() is None


def test_undo_brings_everything_back(compared):
    before, picture = compared.state.shown, compared.errors.copy()
    now = PRED.copy()
    now[now == 11] = 0
    now[5:15, 60:70] = 99
    compared.follow(now)
    assert compared.state.shown.confusion.loc["epithelial", "unknown"] == 1
    compared.follow(PRED)
    np.testing.assert_allclose(compared.state.shown.table["value"], before.table["value"])
    assert compared.state.shown.confusion.equals(before.confusion)
    np.testing.assert_array_equal(compared.errors, picture)


def test_a_class_set_by_hand_moves_a_count(compared):
    assert compared.state.shown.confusion.loc["inflammatory", "epithelial"] == 1
    assert compared.follow(PRED, classes_of(PRED, l12="inflammatory"))
    assert compared.state.shown.confusion.loc["inflammatory", "epithelial"] == 0
    assert compared.state.shown.confusion.loc["inflammatory", "inflammatory"] == 2
    assert outcome_of(compared.errors[12, 36]) == Outcome.FOUND
    assert not compared.follow(PRED, classes_of(PRED, l12="inflammatory"))


def test_a_nucleus_drawn_anew_has_no_class_until_it_gets_one(compared):
    now = PRED.copy()
    now[5:15, 60:70] = 20
    compared.follow(now)
    assert compared.state.shown.confusion.loc["epithelial", "unknown"] == 1
    compared.follow(now, classes_of(now, l20="epithelial"))
    assert compared.state.shown.confusion.loc["epithelial", "epithelial"] == 1
    assert "unknown" not in compared.state.shown.confusion


def test_only_the_told_box_is_looked_at(compared):
    now = PRED.copy()
    now[now == 13] = 0
    assert not compared.follow(now, within=(slice(0, 20), slice(0, 100)))
    assert compared.follow(now, within=(slice(35, 60), slice(50, 100)))


def test_random_corrections_are_the_same_as_comparing_anew(compared):
    random = np.random.default_rng(0)
    now = PRED.copy()
    for _ in range(25):
        y, x = random.integers(0, 70), random.integers(0, 85)
        height, width = random.integers(1, 16, 2)
        now[y : y + height, x : x + width] = random.choice([0, 11, 12, 14, 30, 31])
        compared.follow(now)
    anew = EvaluateController()
    compare(anew, source(TRUE), source(now))
    np.testing.assert_allclose(compared.state.shown.table["value"], anew.state.shown.table["value"])
    assert compared.state.shown.confusion.equals(anew.state.shown.confusion)
    np.testing.assert_array_equal(compared.errors, anew.errors)


def test_corrections_that_come_while_it_compares_are_not_lost(controller):
    request = controller.submit(source(TRUE), source(PRED))
    outcome = controller.work(request)
    now = PRED.copy()
    now[now == 13] = 0
    assert not controller.follow(now)
    controller.accept(outcome)
    controller.follow(now)
    assert controller.state.shown.outcomes[Outcome.EXTRA] == 0


def test_intervals_of_superseded_numbers_are_dropped(compared):
    now = PRED.copy()
    now[now == 13] = 0
    compared.follow(now)
    drawn = compared.draw(compared.intervals())
    compared.follow(PRED)
    compared.settle(drawn)
    assert not compared.state.shown.settled


def test_a_superseded_comparison_is_dropped(controller):
    first = controller.work(controller.submit(source(TRUE), source(TRUE)))
    second = controller.work(controller.submit(source(TRUE), source(PRED)))
    assert controller.accept(second)
    assert not controller.accept(first)
    assert value(controller, "pq") < 1


def test_a_cell_brings_its_nuclei_one_after_the_other(compared):
    compared.pick("inflammatory", "epithelial")
    pick = compared.state.pick
    assert (pick.place.true, pick.place.pred) == (2, 12)
    assert (pick.place.y, pick.place.x) == (10.5, 35.5)
    compared.pick("epithelial", "missed")
    assert (compared.state.pick.place.true, compared.state.pick.place.pred) == (3, 0)
    compared.pick("extra", "inflammatory")
    assert (compared.state.pick.place.true, compared.state.pick.place.pred) == (0, 13)
    compared.pick("other", "missed")
    assert compared.state.pick is None


def test_going_round_and_round_the_most_doubtful_first(controller):
    labels = squares([(1, 5, 5), (2, 5, 30), (4, 40, 5)])
    features = {"index": [1, 2, 4], "class": ["other"] * 3, "p_other": [0.9, 0.4, 0.6]}
    compare(controller, source(labels, features=features), source(labels, features=features))
    controller.pick("other", "other")
    seen = []
    for _ in range(4):
        seen.append(controller.state.pick.place.pred)
        controller.pick("other", "other")
    assert seen == [2, 4, 1, 2]
    controller.step(-1)
    assert controller.state.pick.place.pred == 2


def test_every_cell_holds_as_many_nuclei_as_it_counts(compared):
    confusion = compared.state.shown.confusion
    for row in confusion.index:
        for column in confusion:
            compared.state.pick = None
            compared.pick(row, column)
            pick = compared.state.pick
            assert (0 if pick is None else len(pick.places)) == confusion.at[row, column]


def test_layers_without_classes_are_compared_as_nuclei(controller):
    compare(controller, unclassed(TRUE), unclassed(PRED))
    shown = controller.state.shown
    assert shown.confusion.shape == (2, 2)
    assert "f_c" not in [row.key for row in score_rows(shown)]
    now = PRED.copy()
    now[5:15, 60:70] = 50
    controller.follow(now, {})
    assert controller.state.shown.confusion.loc["nucleus", "nucleus"] == 4
    assert "unknown" not in controller.state.shown.confusion


def test_classes_go_by_name_into_the_scheme_of_the_truth(controller):
    prediction = NucleusMap.from_labels(TRUE, classes="pannuke", class_of={1: 4, 2: 2, 3: 1, 4: 2})
    nuclei = LayerSource("nuclei", TRUE.copy(), features_of(prediction), prediction.scheme, 0.25)
    compare(controller, source(TRUE), nuclei)
    confusion = controller.state.shown.confusion
    assert confusion.loc["other", "other"] == 1
    assert confusion.loc["epithelial", "epithelial"] == 1
    assert "neoplastic" in controller.state.message
    names = {1: "dead", 2: "inflammatory", 3: "connective", 4: "inflammatory"}
    controller.follow(TRUE, names)
    assert controller.state.shown.confusion.loc["epithelial", "spindle-shaped"] == 1


def test_a_reference_that_changed_is_told_from_one_that_did_not(compared):
    assert not compared.differs_from_truth(TRUE, classes_of(TRUE))
    assert compared.differs_from_truth(TRUE, classes_of(TRUE, l1="epithelial"))
    assert compared.differs_from_truth(np.where(TRUE == 1, 0, TRUE), classes_of(TRUE))


@pytest.mark.parametrize(
    ("truth", "prediction", "told"),
    [
        (source(TRUE, "truth"), unclassed(np.zeros((5, 5), int), "small"), "5×5 and 80×100"),
        (unclassed(np.zeros((2, 5, 5), int)), unclassed(np.zeros((2, 5, 5), int)), "Split off a plane"),
        (unclassed(np.zeros(SHAPE, int), "blank"), source(PRED), "Expected nuclei in 'blank', got none"),
        (source(TRUE), unclassed(-PRED, "odd"), "odd: Expected labels from 0"),
        (source(TRUE), unclassed(PRED / 2, "odd"), "odd: Expected whole numbers"),
        (source(TRUE, classes="lizard"), source(PRED, classes="consep"), "can be compared"),
    ],
)
def test_wrong_choices_are_one_line(controller, truth, prediction, told):
    with pytest.raises(NucleusError) as error:
        compare(controller, truth, prediction)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert not controller.state.running
    assert controller.state.shown is None


def test_no_predictions_are_all_missed(controller):
    compare(controller, source(TRUE, "truth"), source(np.zeros(SHAPE, np.int32), "nuclei"))
    assert controller.state.shown.outcomes[Outcome.MISSED] == 4
    assert "all are missed" in controller.state.message
    controller.follow(PRED)
    assert controller.state.shown.outcomes[Outcome.MISSED] == 1


@pytest.mark.parametrize("now", [np.zeros((5, 5), int), np.where(PRED == 11, -1, PRED)])
def test_what_is_no_correction_is_refused_and_nothing_is_lost(compared, now):
    shown = compared.state.shown
    with pytest.raises(NucleusError):
        compared.follow(now)
    assert compared.state.shown is shown
    compared.follow(PRED)


def test_forgotten_layers_leave_nothing(compared):
    compared.pick("other", "other")
    compared.forget("gone")
    assert compared.state.shown is None
    assert compared.state.pick is None
    assert compared.errors is None
    assert not compared.follow(PRED)
    compared.step(1)
    compared.pick("other", "other")
    assert compared.state.message == "gone"


def test_the_headline_stands_first_and_each_score_says_what_it_means(compared):
    rows = score_rows(compared.state.shown)
    assert [row.key for row in rows] == ["pq", "f_d", "aji", "dice", "mpq_plus", *["f_c"] * 5]
    assert [row.class_name for row in rows[5:]] == ["", *scheme("consep").classes]
    every = score_rows(compared.state.shown, everything=True)
    assert {row.key for row in every} == set(TITLES) - {"r2", "bpq"} == set(MEANINGS)
    assert all(row.meaning for row in every)


def test_the_changed_box_is_the_smallest_one():
    old = np.zeros((6, 8), int)
    new = old.copy()
    assert changed_box(old, new) is None
    new[2, 3] = new[4, 5] = 1
    assert changed_box(old, new) == (slice(2, 5), slice(3, 6))
    assert changed_box(old, new, (slice(3, 6), slice(4, 8))) == (slice(4, 5), slice(5, 6))
    assert changed_box(old, new, (slice(0, 0), slice(0, 0))) is None


def test_outcomes_without_truth_or_prediction():
    nothing, one = (NucleusMap.from_labels(labels) for labels in (np.zeros(SHAPE, int), TRUE))
    assert outcomes(match(one, nothing))[0].tolist() == [Outcome.MISSED] * 4
    assert outcomes(match(nothing, one))[1].tolist() == [Outcome.EXTRA] * 4
