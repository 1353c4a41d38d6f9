"""Doubts run from 0 to 1 and rise where a person would doubt."""

import numpy as np
import pytest

from napari_nucleus.app.review import Doubt, Evidence, atypicality, disagreement, doubt, mixed
from napari_nucleus.app.review.doubt import ranks
from napari_nucleus.core import NucleusError

P = np.array([[1.0, 0, 0], [0.6, 0.4, 0], [1 / 3, 1 / 3, 1 / 3]])


@pytest.mark.parametrize("kind", [Doubt.MISTAKE, Doubt.ENTROPY, Doubt.MARGIN])
def test_the_surer_the_less_doubt(kind):
    found = doubt(Evidence(P), kind)
    assert found[0] == 0
    assert (np.diff(found) > 0).all()
    assert found.max() <= 1


def test_evenly_spread_probabilities_have_the_most_entropy():
    assert doubt(Evidence(P), Doubt.ENTROPY)[2] == pytest.approx(1)
    assert doubt(Evidence(P), Doubt.MARGIN)[2] == pytest.approx(1)


def test_a_mistake_is_about_the_class_that_stands_there():
    found = doubt(Evidence(P, classes=np.array([1, 2, 0])), Doubt.MISTAKE)
    assert found == pytest.approx([0, 0.6, 1])
    assert doubt(Evidence(P, classes=np.array([1, 2, 4])), Doubt.MISTAKE)[2] == 1  # a class that came later


def test_models_that_are_sure_of_different_classes_disagree_most():
    same = np.array([[1.0, 0, 0]])
    other = np.array([[0, 1.0, 0]])
    unsure = np.array([[0.5, 0.5, 0]])
    members = [np.concatenate(pair)[:, None] for pair in ((same, same), (same, other), (unsure, unsure))]
    found = disagreement(np.concatenate(members, 1))
    assert found == pytest.approx([0, 1, 0])


def test_another_class_of_the_graph_counts_more_than_any_difference_within_one():
    vote = np.array([[0.51, 0.49], [1.0, 0.0], [0.5, 0.5]])
    graph = np.array([[0.49, 0.51], [0.55, 0.45], [np.nan, np.nan]])
    found = doubt(Evidence(vote, graph=graph), Doubt.VOTE_GRAPH)
    assert found[0] > found[1] > 0
    assert np.isnan(found[2])


def test_what_lies_apart_is_atypical():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 4))
    features[7] += 30
    features[9] = np.nan
    found = atypicality(features)
    assert np.nanargmax(found) == 7
    assert np.isnan(found[9])


def test_a_mix_leaves_out_what_is_not_known():
    found = mixed({Doubt.ENTROPY: np.array([0.0, 0.5, 1.0]), Doubt.RELABEL: np.array([np.nan, 0.2, 0.1])})
    assert found == pytest.approx([0, 0.75, 0.5])


def test_weights_of_a_mix():
    both = {Doubt.ENTROPY: np.array([0.0, 1.0]), Doubt.MARGIN: np.array([1.0, 0.0])}
    assert mixed(both, {Doubt.ENTROPY: 3, Doubt.MARGIN: 1}) == pytest.approx([0.25, 0.75])


def test_equal_values_have_equal_ranks():
    assert ranks(np.array([2.0, 1.0, 2.0, np.nan])) == pytest.approx([0.75, 0, 0.75, np.nan], nan_ok=True)


def test_an_order_without_evidence_is_refused():
    assert Doubt.DISAGREEMENT not in Evidence(P).doubts
    with pytest.raises(NucleusError, match="Choose one"):
        doubt(Evidence(P), Doubt.DISAGREEMENT)


def test_no_nuclei():
    empty = np.empty((0, 3))
    evidence = Evidence(empty, features=np.empty((0, 2)))
    assert all(len(doubt(evidence, kind)) == 0 for kind in evidence.doubts)
