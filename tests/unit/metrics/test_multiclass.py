"""mPQ+, bPQ and mPQ: rules for empty images and classes, unknown nuclei, wrong input."""

import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics import multiclass_pq_plus, pannuke_pq, tissue_mean

NOTHING = np.zeros((4, 6), int)
ONE = NOTHING.copy()
ONE[1:3, 1:4] = 1
TWO = ONE.copy()
TWO[3, 5] = 2


def test_counts_are_summed_over_images_before_the_quotient():
    score = multiclass_pq_plus([ONE, ONE, NOTHING], [ONE, NOTHING, ONE], [ONE, ONE, NOTHING], [ONE, NOTHING, ONE], 2)
    assert (score.tp[0], score.fp[0], score.fn[0], score.iou[0]) == (1, 1, 1, 1)
    assert score.per_class == pytest.approx([1 / 2, 0])


def test_a_class_that_is_nowhere_counts_as_0():
    score = multiclass_pq_plus([ONE], [ONE], [ONE], [ONE], 3)
    assert score.per_class.tolist() == [1, 0, 0]
    assert score.mean == pytest.approx(1 / 3)


@pytest.mark.parametrize(("true", "pred"), [(NOTHING, ONE), (ONE, NOTHING), (NOTHING, NOTHING)])
def test_empty_images_over_a_data_set_give_0(true, pred):
    assert multiclass_pq_plus([true], [pred], [true], [pred], 1).mean == 0
    assert multiclass_pq_plus([], [], [], [], 2).per_class.tolist() == [0, 0]


def test_images_with_empty_truth_are_nan_and_with_empty_prediction_0():
    trues, preds = [NOTHING, NOTHING, ONE], [NOTHING, ONE, NOTHING]
    score = pannuke_pq(trues, preds, trues, preds, 2)
    assert np.isnan(score.bpq).tolist() == np.isnan(score.mpq).tolist() == [True, True, False]
    assert score.bpq[2] == score.mpq[2] == 0
    assert np.isnan(score.per_class[:, 1]).all()
    assert pannuke_pq([], [], [], [], 2).per_class.shape == (0, 2)


def test_a_class_absent_from_the_truth_of_an_image_is_left_out():
    types = np.where(TWO == 2, 2, TWO)
    score = pannuke_pq([ONE], [TWO], [ONE], [types], 2)
    assert score.mpq[0] == 1
    assert score.bpq[0] == pytest.approx(2 / 3)


def test_unknown_nuclei_count_for_bpq_alone():
    score = pannuke_pq([TWO], [TWO], [ONE], [NOTHING], 1)
    assert score.bpq[0] == 1
    assert score.mpq[0] == 0
    assert multiclass_pq_plus([TWO], [TWO], [ONE], [NOTHING], 1).fn.tolist() == [1]


def test_a_nucleus_of_two_classes_has_a_part_in_each():
    left = np.where((ONE > 0) & (np.arange(6) < 2), 2, ONE)  # a column of class 2, two of class 1
    score = multiclass_pq_plus([ONE], [ONE], [ONE], [left], 2)
    assert score.iou == pytest.approx([2 / 3, 0])
    assert score.fp.tolist() == [0, 1]


def test_huge_labels_and_many_classes():
    labels = np.array([[2_147_483_647, 0, 2_147_483_646]])
    types = np.array([[100_000, 0, 1]])
    score = multiclass_pq_plus([labels], [labels], [types], [types], 100_000)
    assert score.per_class[[0, -1]].tolist() == [1, 1]
    assert score.tp.sum() == 2


def test_tissues_count_once_each():
    score = tissue_mean([1, 0.5, 0, np.nan, np.nan], ["a", "a", "b", "b", "c"])
    assert score.per_tissue["a"] == 0.75
    assert score.per_tissue["b"] == 0
    assert np.isnan(score.per_tissue["c"])
    assert score.mean == 0.375
    assert np.isnan(tissue_mean([], []).mean)


def test_tissues_that_do_not_fit_give_one_clear_error():
    with pytest.raises(NucleusError, match="one tissue an image"):
        tissue_mean([1, 2], ["a"])


@pytest.mark.parametrize("metric", [multiclass_pq_plus, pannuke_pq])
@pytest.mark.parametrize(
    "lists",
    [
        ([ONE], [], [ONE], [ONE]),
        ([ONE], [ONE[:2]], [ONE], [ONE[:2]]),
        ([ONE], [ONE], [ONE[:2]], [ONE]),
        ([ONE], [ONE], [ONE], [ONE * 3]),
        ([ONE], [ONE], [ONE], [-ONE]),
        ([ONE], [ONE], [ONE * 0.5], [ONE]),
        ([ONE + 0.5], [ONE], [ONE], [ONE]),
        ([ONE], [-ONE], [ONE], [ONE]),
        (ONE, ONE, ONE, ONE),
    ],
)
def test_wrong_input_gives_one_clear_error(metric, lists):
    with pytest.raises(NucleusError, match="Expected"):
        metric(*lists, n_classes=2)


@pytest.mark.parametrize("metric", [multiclass_pq_plus, pannuke_pq])
def test_no_classes_give_one_clear_error(metric):
    with pytest.raises(NucleusError, match="at least one class"):
        metric([ONE], [ONE], [ONE], [ONE], n_classes=0)
