import numpy as np
import pytest

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.evaluation import match
from napari_nucleus.evaluation.live import LiveMatching

EMPTY = NucleusMap.from_labels(np.zeros((100, 100), int), classes="consep")


def same(live, truth, labels, class_of=None):
    """Whether the matching is that of the labels; the classes are all unknown by default."""
    prediction = NucleusMap.from_labels(labels, classes=truth.scheme, class_of=class_of or {})
    found, expected = live.matching(), match(truth, prediction)
    for name in ("true_area", "pred_area", "true", "pred", "intersection", "true_labels", "pred_labels"):
        np.testing.assert_array_equal(getattr(found.overlap, name), getattr(expected.overlap, name), err_msg=name)
    for name in ("best", "unique", "matched", "near", "near_same", "true_partner", "pred_partner"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    for name in ("labels", "types", "yx", "confidence"):
        np.testing.assert_array_equal(getattr(found.pred, name), getattr(expected.pred, name), err_msg=name)


@pytest.mark.parametrize("n_true", [0, 2])
@pytest.mark.parametrize("n_pred", [0, 3])
def test_nothing_on_either_side(squares, n_true, n_pred):
    truth = squares([(5, 5, 1), (40, 40, 2)][:n_true])
    prediction = squares([(7, 5, 0), (42, 44, 0), (70, 10, 0)][:n_pred])
    same(LiveMatching(truth, prediction), truth, prediction.labels)


def test_everything_deleted_and_drawn_again(random_case):
    case = random_case(0)
    truth, prediction = case.truth, case.prediction
    class_of = dict(zip(prediction.table["label"], prediction.class_numbers, strict=True))
    live = LiveMatching(truth, prediction)
    live.edit(np.s_[:, :], np.zeros_like(prediction.labels))
    same(live, truth, np.zeros_like(prediction.labels))
    live.edit(np.s_[:, :], prediction.labels)
    same(live, truth, prediction.labels, class_of)


def test_more_predictions_than_true_nuclei_and_back(squares):
    truth = squares([(5, 5, 1), (40, 40, 2), (70, 12, 3)])
    labels = np.zeros((100, 100), np.int32)
    live = LiveMatching(truth, EMPTY)
    places = [(7, 6), (41, 38), (72, 15), (6, 60), (80, 80), (25, 22)]
    for label, (y, x) in enumerate(places, 1):
        box = np.s_[y : y + 10, x : x + 10]
        labels[box] = label
        live.edit(box, labels[box])
        same(live, truth, labels)
    for y, x in places:
        box = np.s_[y : y + 10, x : x + 10]
        labels[box] = 0
        live.edit(box, labels[box])
        same(live, truth, labels)


def test_nuclei_of_one_pixel_with_the_largest_ids():
    truth = NucleusMap.from_labels([[2**31 - 1, 0, 7], [0, 0, 0]], classes="consep")
    live = LiveMatching(truth, NucleusMap.from_labels([[0, 0, 0], [0, 3, 0]], classes="consep"))
    live.edit(np.s_[0:1, 0:3], [[2**31 - 1, 0, 2**31 - 2]])
    same(live, truth, [[2**31 - 1, 0, 2**31 - 2], [0, 3, 0]])


def test_a_painted_nucleus_is_unknown_until_it_is_classified(squares):
    truth = squares([(5, 5, 3)])
    live = LiveMatching(truth, EMPTY)
    live.edit(np.s_[5:15, 5:15], np.full((10, 10), 9))
    assert live.matching().pred.types.tolist() == [0]
    live.classify({9: 3})
    found = live.matching()
    assert found.pred.types.tolist() == [3]
    assert len(found.near_same[0]) == 1


def test_with_one_class_alone_a_painted_nucleus_has_it():
    truth = NucleusMap.from_labels([[1, 1, 0, 0]])
    live = LiveMatching(truth, NucleusMap.from_labels([[0, 0, 0, 0]]))
    live.edit(np.s_[:, :2], [[5, 5]])
    assert live.matching().pred.types.tolist() == [1]


def test_a_nucleus_that_comes_back_has_its_class_and_probability_again():
    probability = np.stack([np.full((1, 3), p) for p in (0.1, 0.7, 0.2, 0.0, 0.0)])
    prediction = NucleusMap.from_labels([[4, 4, 0]], classes="consep", type_prob=probability)
    live = LiveMatching(prediction, prediction)
    live.edit(np.s_[:, :2], [[0, 0]])
    assert not len(live.matching().pred)
    live.edit(np.s_[:, 1:], [[4, 4]])
    pred = live.matching().pred
    assert (pred.types.tolist(), pred.confidence.tolist()) == ([1], [0.7])
    live.classify({4: 2})
    assert live.matching().pred.confidence.tolist() == [0.2]


def test_former_matchings_and_the_maps_given_stay_as_they_were(squares):
    truth, prediction = squares([(5, 5, 1), (40, 40, 2)]), squares([(6, 5, 1), (40, 42, 2)])
    before = prediction.labels.copy()
    live = LiveMatching(truth, prediction)
    former = live.matching()
    areas, types = former.overlap.pred_area.copy(), former.pred.types.copy()
    live.edit(np.s_[0:60, 0:60], np.ones((60, 60)))
    live.classify({1: 4, 2: 3})
    live.matching()
    np.testing.assert_array_equal(prediction.labels, before)
    np.testing.assert_array_equal(former.overlap.pred_area, areas)
    np.testing.assert_array_equal(former.pred.types, types)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda live: live.edit(np.s_[0:4, 0:4], np.ones((4, 5), int)), "Expected labels of (4, 4) pixels, got (4, 5)"),
        (lambda live: live.edit(np.s_[0:2, 0:1], [[1], [-2]]), "Expected labels from 0"),
        (lambda live: live.edit(np.s_[0:1, 0:1], [[0.5]]), "Expected whole numbers"),
        (lambda live: live.classify({1: 5}), "Expected class numbers 0 to 4, got 5"),
    ],
)
def test_what_is_no_correction_is_refused_and_changes_nothing(squares, change, message):
    truth = squares([(5, 5, 1)])
    live = LiveMatching(truth, truth)
    with pytest.raises(NucleusError, match=message.replace("(", r"\(").replace(")", r"\)")):
        change(live)
    same(live, truth, truth.labels, {1: 1})


def test_images_of_two_shapes_are_refused(squares):
    with pytest.raises(NucleusError, match="pixels as the truth"):
        LiveMatching(squares([]), squares([], shape=(50, 100)))
