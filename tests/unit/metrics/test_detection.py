"""F1 of centroids: HoVer-Net's and the plain one."""

import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics import detection_f1, matched_f1

NO_NUCLEI, NO_TYPES = np.empty((0, 2)), np.empty(0, int)


def test_detection_counts_are_pooled_over_images():
    near, far = [(10.0, 10.0)], [(10.0, 22.1)]
    score = detection_f1([near, near], [near, far], [[1], [2]], [[1], [2]], n_classes=2)
    assert score.f_d == pytest.approx(2 / 4)
    assert score.f_c == pytest.approx([1.0, 0.0])


def test_the_radius_is_included():
    assert detection_f1([[(0, 0)]], [[(0, 12)]], [[1]], [[1]], n_classes=1).f_d == 1


def test_a_wrong_class_weighs_two():
    score = detection_f1([[(0, 0), (50, 50)]], [[(0, 0), (50, 50)]], [[1, 1]], [[1, 2]], n_classes=2)
    assert score.f_c == pytest.approx([2 / 4, 0])


def test_unknown_true_nuclei_are_found_but_not_classified():
    score = detection_f1([[(0, 0), (50, 50)]], [[(0, 0), (50, 50)]], [[1, 0]], [[1, 1]], n_classes=1)
    assert score.f_d == 1
    assert score.f_c == pytest.approx([1.0])


def test_detection_of_images_without_nuclei():
    assert np.isnan(detection_f1([NO_NUCLEI], [NO_NUCLEI], [NO_TYPES], [NO_TYPES], n_classes=2).f_d)
    missed = detection_f1([[(1, 1)]], [[]], [[1]], [[]], n_classes=2)
    assert missed.f_d == 0
    assert missed.f_c[0] == 0
    assert np.isnan(missed.f_c[1])


def test_the_plain_f1_takes_a_wrong_class_as_one_missed_and_one_too_many():
    score = matched_f1([[(0, 0), (50, 50)]], [[(0, 0), (50, 50)]], [[1, 1]], [[1, 2]], n_classes=3)
    assert (score.tp.tolist(), score.fp.tolist(), score.fn.tolist()) == ([1, 0, 0], [0, 1, 0], [1, 0, 0])
    assert score.per_class[:2] == pytest.approx([2 / 3, 0])
    assert np.isnan(score.per_class[2])
    assert score.mean == pytest.approx(1 / 3)


def test_the_plain_f1_pairs_within_the_class_and_the_radius():
    # Whatever the class, (0, 0) would go with (0, 1); within class 1 it goes with (0, 12).
    score = matched_f1([[(0, 0)]], [[(0, 1), (0, 12)]], [[1]], [[2, 1]], n_classes=2)
    assert score.tp.tolist() == [1, 0]
    assert matched_f1([[(0, 0)]], [[(0, 12.1)]], [[1]], [[1]], n_classes=1).mean == 0


def test_unknown_nuclei_count_nowhere_in_the_plain_f1():
    score = matched_f1([[(0, 0), (9, 9)]], [[(0, 0), (9, 9)]], [[0, 1]], [[1, 0]], n_classes=1)
    assert (score.tp[0], score.fp[0], score.fn[0]) == (0, 1, 1)


def test_the_plain_f1_of_images_without_nuclei():
    assert np.isnan(matched_f1([NO_NUCLEI], [NO_NUCLEI], [NO_TYPES], [NO_TYPES], n_classes=2).mean)
    assert np.isnan(matched_f1([], [], [], [], n_classes=2).per_class).all()
    assert matched_f1([[(1, 1)]], [[]], [[2]], [[]], n_classes=2).mean == 0


@pytest.mark.parametrize("metric", [detection_f1, matched_f1])
@pytest.mark.parametrize(
    "lists",
    [
        ([[(0, 0)]], [], [[1]], [[1]]),
        ([[(0, 0)]], [[(0, 0)]], [[1]], [[1, 1]]),
        ([[(0, 0, 0)]], [[(0, 0)]], [[1]], [[1]]),
        ([[(0, 0)]], [[(0, np.nan)]], [[1]], [[1]]),
        ([[(0, 0)]], [[(0, 0)]], [[1]], [[3]]),
        ([[(0, 0)]], [[(0, 0)]], [[-1]], [[1]]),
    ],
)
def test_lists_that_do_not_fit_give_one_clear_error(metric, lists):
    with pytest.raises(NucleusError, match="Expected"):
        metric(*lists, n_classes=2)


@pytest.mark.parametrize("metric", [detection_f1, matched_f1])
@pytest.mark.parametrize(
    "options", [{"n_classes": 0}, {"n_classes": 1, "radius_px": -1}, {"n_classes": 1, "radius_px": np.nan}]
)
def test_impossible_numbers_give_one_clear_error(metric, options):
    with pytest.raises(NucleusError, match="Expected"):
        metric([[(0, 0)]], [[(0, 0)]], [[1]], [[1]], **options)
