import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics import confusion_matrix

ROW = np.array([[1, 1, 0, 2, 2, 0, 3, 3, 0, 4]])
EMPTY = np.zeros_like(ROW)


def of(classes, labels=ROW):
    """Class map in which nucleus i has the i-th class."""
    return np.array([0, *classes])[labels]


def test_rows_are_the_truth_and_columns_the_prediction():
    pred = np.where(ROW == 4, 0, ROW)  # 4 is missed
    pred[0, 8] = 9
    kinds = np.where(pred == 9, 2, of([1, 2, 0, 0], np.minimum(pred, 4)))  # 9 is one too many
    matrix = confusion_matrix(ROW, pred, of([1, 1, 2, 0]), kinds, 2)
    expected = np.zeros((4, 4), int)
    expected[1, 1] = expected[1, 2] = 1
    expected[2, 0] = 1  # of unknown class
    expected[0, 3] = 1  # an unknown nucleus missed
    expected[3, 2] = 1
    assert matrix.tolist() == expected.tolist()


def test_empty_sides():
    assert confusion_matrix(ROW, EMPTY, of([1, 1, 2, 0]), EMPTY, 2)[:, -1].tolist() == [1, 2, 1, 0]
    assert confusion_matrix(EMPTY, ROW, EMPTY, of([1, 1, 2, 0]), 2)[-1].tolist() == [1, 2, 1, 0]
    assert not confusion_matrix(EMPTY, EMPTY, EMPTY, EMPTY, 2).any()


def test_a_nucleus_has_the_class_of_most_of_its_pixels():
    labels = np.array([[1, 1, 1, 1, 0]])
    for types, number in (([1, 2, 2, 0, 0], 2), ([2, 1, 0, 0, 0], 1), ([0, 0, 0, 2, 0], 2), ([0, 0, 0, 0, 0], 0)):
        matrix = confusion_matrix(labels, labels, labels, [types], 2)
        assert matrix[1, number] == matrix.sum() == 1


def test_the_threshold_is_that_of_panoptic_quality():
    half = np.array([[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]])  # IoU 0.5 with nucleus 1
    assert confusion_matrix(ROW, half, of([1, 1, 1, 1]), half, 1)[1, 1] == 0
    assert confusion_matrix(ROW, half, of([1, 1, 1, 1]), half, 1, iou=0.4)[1, 1] == 1
    with pytest.raises(NucleusError, match="IoU"):
        confusion_matrix(ROW, ROW, ROW > 0, ROW > 0, 1, iou=1.0)


@pytest.mark.parametrize("types", [ROW[:, :3], ROW, -ROW, ROW + 0.5])
def test_wrong_class_maps_give_one_clear_error(types):
    with pytest.raises(NucleusError, match="Expected"):
        confusion_matrix(ROW, ROW, types, ROW > 0, 1)
