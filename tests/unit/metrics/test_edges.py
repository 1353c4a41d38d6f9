"""Rules for empty images, odd labels and wrong input."""

import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics import (
    aggregated_jaccard,
    aggregated_jaccard_plus,
    dice,
    ensemble_dice,
    panoptic_quality,
)

NOTHING = np.zeros((4, 6), int)
ONE = NOTHING.copy()
ONE[1:3, 1:4] = 1


def pq(true, pred):
    return panoptic_quality(true, pred).pq


METRICS = [dice, ensemble_dice, aggregated_jaccard, aggregated_jaccard_plus, pq]


@pytest.mark.parametrize("metric", METRICS)
def test_one_side_empty_is_0_and_both_empty_is_nothing_to_measure(metric):
    assert metric(ONE, NOTHING) == 0
    assert metric(NOTHING, ONE) == 0
    assert np.isnan(metric(NOTHING, NOTHING))
    assert np.isnan(metric(NOTHING[:0], NOTHING[:0]))


@pytest.mark.parametrize("metric", METRICS)
def test_gaps_and_huge_ids_do_not_matter(metric):
    true = np.array([[1, 1, 2, 2, 0, 3]])
    pred = np.array([[1, 1, 2, 0, 0, 0]])
    assert metric(true * 700_000_000, pred * 5) == pytest.approx(metric(true, pred))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("pred", [ONE[:2], ONE - 1, ONE + 0.5, ONE[None]])
def test_wrong_label_images_give_one_clear_error(metric, pred):
    with pytest.raises(NucleusError, match="Expected"):
        metric(ONE, pred)


@pytest.mark.parametrize("seen", [np.asarray, np.asfortranarray, lambda labels: np.flip(labels, 1)])
@pytest.mark.parametrize("dtype", [np.int32, np.uint16, np.int64])
def test_dice_counts_every_pixel_however_the_image_is_stored(seen, dtype):
    random = np.random.default_rng(0)
    true, pred = (seen(random.integers(0, 3, (211, 307)).astype(dtype)) for _ in range(2))
    expected = 2 * ((true > 0) & (pred > 0)).sum() / ((true > 0).sum() + (pred > 0).sum())
    true.flags.writeable = False
    assert dice(true, pred) == pytest.approx(expected, abs=1e-15)
    with pytest.raises(NucleusError, match="labels from 0"):
        dice(true, pred.astype(np.int32) - 1)


def test_a_prediction_that_serves_two_nuclei_by_hand():
    true = np.array([[1, 1, 1, 2, 2, 2, 0, 0]])
    pred = np.array([[7, 7, 7, 7, 7, 7, 0, 8]])
    # Both nuclei take 7: intersections 3 + 3, unions 6 + 6, and 8 serves none.
    assert aggregated_jaccard(true, pred) == pytest.approx(6 / 13)
    assert dice(true, pred) == pytest.approx(12 / 13)
    quality = panoptic_quality(true, pred)  # IoU 0.5 is not above 0.5
    assert (quality.tp, quality.fp, quality.fn) == (0, 2, 2)


def test_below_a_half_the_best_assignment_decides():
    true = np.array([[1, 1, 1, 2, 2, 2, 0, 0]])
    pred = np.array([[7, 7, 7, 7, 7, 7, 0, 8]])
    quality = panoptic_quality(true, pred, iou=0.4)
    assert (quality.tp, quality.fp, quality.fn) == (1, 1, 1)
    assert quality.pq == pytest.approx(0.5 * 0.5)


@pytest.mark.parametrize("iou", [-0.1, 1.0, float("nan")])
def test_an_impossible_iou_gives_one_clear_error(iou):
    with pytest.raises(NucleusError, match="IoU"):
        panoptic_quality(ONE, ONE, iou=iou)
