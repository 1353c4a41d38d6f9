import numpy as np

from napari_nucleus.metrics import aggregated_jaccard, aggregated_jaccard_plus, dice, ensemble_dice, panoptic_quality
from napari_nucleus.metrics.overlap import overlap


def test_areas_labels_and_shared_pixels_by_hand():
    found = overlap([[7, 7, 0, 900], [7, 0, 0, 900]], [[3, 3, 3, 0], [0, 0, 50, 50]])
    assert found.true_labels.tolist() == [7, 900]
    assert found.pred_labels.tolist() == [3, 50]
    assert found.true_area.tolist() == [3, 2]
    assert found.pred_area.tolist() == [3, 2]
    assert list(zip(found.true, found.pred, found.intersection, strict=True)) == [(0, 0, 2), (1, 1, 1)]
    assert found.union.tolist() == [4, 3]
    assert found.true_labels.dtype == found.pred_labels.dtype == np.int32


def test_a_nucleus_at_the_end_of_one_row_and_the_start_of_the_next():
    found = overlap([[0, 1], [1, 0]], [[0, 2], [2, 0]])
    assert found.true_area.tolist() == found.intersection.tolist() == [2]


def test_a_million_nuclei_of_one_pixel():
    true = np.arange(1, 1_000_001, dtype=np.int32).reshape(1000, 1000)
    pred = true[::-1, ::-1].copy()  # each pixel has another name
    pred[0, :10] = 0
    found = overlap(true, pred)
    assert len(found.true_area) == 1_000_000
    assert len(found.intersection) == 999_990
    assert dice(true, pred) == 2 * 999_990 / 1_999_990
    assert ensemble_dice(true, pred) == 1
    assert aggregated_jaccard(true, pred) == aggregated_jaccard_plus(true, pred) == 999_990 / 1_000_000
    assert panoptic_quality(true, pred).fn == 10


def test_the_largest_label_there_is():
    top = np.iinfo(np.int32).max
    found = overlap([[top, 0, 5]], np.array([[top, top, 0]], np.uint32))
    assert found.true_labels.tolist() == [5, top]
    assert found.pred_labels.tolist() == [top]
    assert found.true.tolist() == [1]
