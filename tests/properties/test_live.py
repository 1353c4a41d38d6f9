"""Corrections followed step by step end where evaluating anew does."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_nucleus.core import NucleusMap
from napari_nucleus.evaluation import match
from napari_nucleus.evaluation.centroid_pairing import CentroidPairing
from napari_nucleus.evaluation.live import LiveMatching
from napari_nucleus.evaluation.tally import tally
from napari_nucleus.metrics.pairing import pair_centroids

SIDE, N_CLASSES = 32, 4
KINDS = ("paint", "repaint", "erase", "delete", "merge", "split", "classify")
EDITS = st.lists(st.tuples(st.sampled_from(KINDS), *[st.integers(0, SIDE - 1)] * 2, st.integers(0, 4)), max_size=12)
SEEDS = st.integers(0, 2**16)


def speckled(seed, n):
    """Blobs with holes, so that centroids seldom tie; ids with gaps; half of them with probabilities."""
    random = np.random.default_rng(seed)
    labels = np.zeros((SIDE, SIDE), np.int64)
    for label in random.permutation(50)[:n] + 1:
        y, x = random.integers(0, SIDE, 2)
        block = labels[y : y + 6, x : x + 6]
        block[random.random(block.shape) < 0.7] = label * 1_000_003
    kinds = random.dirichlet(np.ones(1 + N_CLASSES), labels.shape).transpose(2, 0, 1) if seed % 2 else None
    return NucleusMap.from_labels(labels, classes="consep", type_prob=kinds)


class Hand:
    """Somebody who corrects, and keeps what the prediction is."""

    def __init__(self, prediction):
        self.labels = prediction.labels.copy()
        self.table = prediction.table.set_index("label")
        self.classes = dict(zip(prediction.table["label"], prediction.class_numbers, strict=True))

    def correct(self, live, kind, y, x, number):
        """Make one correction, here and there."""
        box = np.s_[max(0, y - 4) : y + 5, max(0, x - 4) : x + 4]
        part, label = self.labels[box], int(self.labels[y, x])
        if kind == "classify":
            self.classes[label] = number
            return live.classify({label: number})
        changed = {
            "paint": lambda: np.full_like(part, self.labels.max() + 1),
            "repaint": lambda: np.where(np.arange(part.shape[1]) % 2, label, part),
            "erase": lambda: np.where(np.arange(len(part))[:, None] > 3, 0, part),
            "delete": lambda: np.where(part == label, 0, part),
            "merge": lambda: np.where(part > 0, label, 0),
            "split": lambda: np.where((part == label) & (np.arange(part.shape[1]) > 3), label + 1, part),
        }[kind]()
        self.labels[box] = changed
        return live.edit(box, changed)

    def nuclei(self):
        """The prediction now, made from its pixels."""
        nuclei = NucleusMap.from_labels(self.labels, classes="consep", class_of=self.classes)
        known = self.table.reindex(nuclei.table["label"]).filter(regex="^p_")
        return NucleusMap(nuclei.labels, nuclei.table.assign(**known.reset_index(drop=True)), 0.25, nuclei.scheme)


def arrays(thing):
    return {f.name: getattr(thing, f.name) for f in fields(thing) if isinstance(getattr(thing, f.name), np.ndarray)}


def total(found):
    i, j = found.near
    return len(i), pytest.approx(np.linalg.norm(found.true.yx[i] - found.pred.yx[j], axis=1).sum())


def same_matching(found, expected):
    for part in ("true", "pred", "overlap"):
        for name, values in arrays(getattr(expected, part)).items():
            np.testing.assert_allclose(arrays(getattr(found, part))[name], values, rtol=0, atol=1e-9, err_msg=name)
    for name, values in arrays(expected).items():
        np.testing.assert_array_equal(getattr(found, name), values, err_msg=name)
    np.testing.assert_array_equal(found.near_same, expected.near_same)
    assert total(found) == total(expected)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 12), st.integers(0, 12), EDITS)
def test_any_corrections_lead_to_the_matching_of_the_corrected_prediction(seed, n_true, n_pred, edits):
    truth, prediction = speckled(seed, n_true), speckled(seed + 1, n_pred)
    hand, live = Hand(prediction), LiveMatching(truth, prediction, radius_px=1000)
    for edit in edits:
        hand.correct(live, *edit)
        found, expected = live.matching(), match(truth, hand.nuclei(), radius_px=1000)
        same_matching(found, expected)
        if np.array_equal(found.near, expected.near):  # always, but for ties
            for name, values in arrays(tally(expected, N_CLASSES)).items():
                np.testing.assert_allclose(getattr(tally(found, N_CLASSES), name), values, err_msg=name)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 12), st.lists(st.lists(st.integers(0, 20), max_size=3), max_size=20))
def test_pairs_of_centroids_in_general_position_are_those_of_the_reference(seed, n_true, steps):
    """Each step moves, adds or removes some predictions, more and fewer than there are true nuclei."""
    random = np.random.default_rng(seed)
    true_yx = random.uniform(0, 50, (n_true, 2))
    pairing, points = CentroidPairing(true_yx), {}
    for step in steps:
        for label in step:
            if label in points and random.random() < 0.5:
                del points[label]
            else:
                points[label] = random.uniform(0, 50, 2)
        labels = np.array(sorted(points), np.int32)
        yx = np.array([points[label] for label in labels]).reshape(-1, 2)
        pairing.update(labels, yx)
        for radius in (12.0, 1000.0):
            np.testing.assert_array_equal(pairing.pairs(radius), pair_centroids(true_yx, yx, radius))
