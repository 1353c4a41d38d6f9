import numpy as np
import pytest

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.evaluation import score


def nuclei(boxes, classes="consep"):
    """Squares of ten pixels: (y, x, class number)."""
    labels, kinds = np.zeros((2, 100, 100), int)
    for label, (y, x, kind) in enumerate(boxes, 1):
        labels[y : y + 10, x : x + 10] = label
        kinds[y : y + 10, x : x + 10] = kind
    return NucleusMap.from_labels(labels, classes=classes, type_map=kinds)


TRUTH = nuclei([(0, 0, 2), (30, 30, 3), (60, 60, 4)])


def test_the_truth_itself_scores_one():
    scores = score([TRUTH], [TRUTH])
    assert (scores.dice, scores.aji, scores.pq, scores.f_d) == (1, 1, 1, 1)
    assert scores.f_c["epithelial"] == 1
    assert scores.images == 1


def test_half_the_nuclei_in_a_wrong_class():
    found = nuclei([(0, 0, 3), (30, 30, 3)])
    scores = score([TRUTH], [found])
    assert scores.pq == pytest.approx(2 / 2.5)
    assert scores.f_d == pytest.approx(2 * 2 / (2 * 2 + 1))
    assert scores.f_c["inflammatory"] < scores.f_c["epithelial"] < 1


def test_counts_are_pooled_and_overlaps_averaged():
    none = nuclei([])
    scores = score([TRUTH, TRUTH, none], [TRUTH, none, none])
    assert scores.pq == pytest.approx(0.5)  # an image without nuclei on either side doesn't count
    assert scores.f_d == pytest.approx(2 * 3 / (2 * 3 + 3))


def test_what_does_not_fit():
    with pytest.raises(NucleusError, match="as many predictions"):
        score([TRUTH], [])
    with pytest.raises(NucleusError, match="one class scheme"):
        score([TRUTH], [nuclei([(0, 0, 1)], classes="msa3")])
