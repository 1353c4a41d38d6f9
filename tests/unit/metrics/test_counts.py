import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics import count_nuclei, count_r2

LABELS = np.zeros((8, 8), int)
LABELS[0, 0] = 1  # outside the middle
LABELS[1:3, 1:3] = 2  # cut by its edge
LABELS[4, 4] = 70  # inside
LABELS[7, 3:6] = 4
TYPES = np.select([LABELS == 70, LABELS > 0], [2, 1], 0)


def test_a_nucleus_counts_in_the_crop_with_a_single_pixel():
    assert count_nuclei(LABELS, TYPES, 3).tolist() == [3, 1, 0]
    assert count_nuclei(LABELS, TYPES, 3, crop_px=4).tolist() == [1, 1, 0]
    assert count_nuclei(LABELS, TYPES, 3, crop_px=8).tolist() == [3, 1, 0]


def test_an_odd_margin_leaves_the_crop_nearer_to_the_top_left():
    labels = np.array([[1, 2, 3, 4]] * 4)
    assert count_nuclei(labels, (labels == 2).astype(int), 1, crop_px=1).tolist() == [1]


def test_unknown_and_no_nuclei_count_nowhere():
    assert count_nuclei(LABELS, np.zeros_like(LABELS), 2).tolist() == [0, 0]
    assert count_nuclei(np.zeros((5, 5), int), np.zeros((5, 5), int), 2).tolist() == [0, 0]


@pytest.mark.parametrize("crop", [0, -4, 9])
def test_a_crop_that_does_not_fit_gives_one_clear_error(crop):
    with pytest.raises(NucleusError, match="central square"):
        count_nuclei(LABELS, TYPES, 2, crop_px=crop)


def test_a_class_out_of_range_gives_one_clear_error():
    with pytest.raises(NucleusError, match="classes 0 to 1"):
        count_nuclei(LABELS, TYPES, 1)


def test_r2_is_1_0_and_below():
    true = np.array([[1.0], [2], [6]])
    assert count_r2(true, true).mean == 1
    assert count_r2(true, np.full((3, 1), 3)).mean == 0
    assert count_r2(true, true[::-1]).mean == pytest.approx(1 - 50 / 14)


def test_r2_of_a_truth_that_never_varies_and_of_too_few_images():
    assert count_r2([[4, 4], [4, 4]], [[4, 4], [4, 5]]).per_class.tolist() == [1, 0]
    for rows in (1, 0):
        score = count_r2(np.ones((rows, 2)), np.ones((rows, 2)))
        assert np.isnan(score.mean)
        assert np.isnan(score.per_class).tolist() == [True, True]


@pytest.mark.parametrize(
    ("true", "pred"),
    [
        ([[1], [2]], [[1]]),
        ([1, 2], [1, 2]),
        ([[1], [-1]], [[1], [1]]),
        ([[1], [2]], [[1], [np.nan]]),
        ([[], []], [[], []]),
    ],
)
def test_wrong_counts_give_one_clear_error(true, pred):
    with pytest.raises(NucleusError, match="Expected counts"):
        count_r2(true, pred)
