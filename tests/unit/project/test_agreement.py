import math

import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.project import Edit, Provenance, ReviewState
from napari_nucleus.project.agreement import (
    agreement_table,
    cohen_kappa,
    disputes,
    fleiss_kappa,
    kappa_of_many,
    kappa_of_two,
    opinions,
)
from napari_nucleus.project.scheme_edits import merged


def say(project, annotator, label, kind, action="set class"):
    (row,) = project.rows(1, [label])
    said = row._replace(kind=kind, source=Provenance.HUMAN, state=ReviewState.ACCEPTED)
    return project.apply(Edit(1, action, (row,), (said,)), annotator)


def test_kappa_of_two_is_cohens_example():
    """Fifty proposals, two readers: 20 both yes, 15 both no; κ = 0.4."""
    first = np.repeat([1, 1, 0, 0], (20, 5, 10, 15))
    second = np.repeat([1, 0, 1, 0], (20, 5, 10, 15))

    assert kappa_of_two(first, second) == pytest.approx(0.4)
    assert kappa_of_two(second, first) == pytest.approx(0.4)
    assert kappa_of_two(first, first) == 1
    assert math.isnan(kappa_of_two(first[:3], second[:3]))
    assert math.isnan(kappa_of_two(first[:0], second[:0]))


def test_kappa_of_many_is_fleiss_example():
    """Ten subjects, fourteen raters, five categories; κ = 0.210 (Fleiss 1971, as worked out in many textbooks)."""
    counts = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    ratings = np.array([np.repeat(np.arange(5), row) for row in counts])

    assert kappa_of_many(ratings) == pytest.approx(0.210, abs=5e-4)
    assert math.isnan(kappa_of_many(ratings[:, :1]))
    assert math.isnan(kappa_of_many(ratings[:0]))


def test_what_annotators_said_is_compared_nucleus_by_nucleus(project):
    for label, ada, bob, eve in ((7, 1, 1, 1), (14, 1, 2, 1), (21, 2, 2, 2), (28, 2, 2, 2)):
        for annotator, kind in (("ada", ada), ("bob", bob), ("eve", eve)):
            say(project, annotator, label, kind)
    say(project, "ada", 35, 3)
    project.undo(say(project, "bob", 35, 4), "bob")
    say(project, "learner", 35, 4, "predict")

    assert cohen_kappa(project, "ada", "bob") == (pytest.approx(0.5), 4)
    assert fleiss_kappa(project)[1] == 4
    table = agreement_table(project)
    assert table[["first", "second"]].to_numpy().tolist() == [["ada", "bob"], ["ada", "eve"], ["bob", "eve"]]
    assert table["kappa"][1] == 1
    assert len(opinions(project)) == 13
    with pytest.raises(NucleusError, match="got 'nobody'"):
        cohen_kappa(project, "ada", "nobody")


def test_disputes_wait_until_somebody_adjudicates(project):
    say(project, "ada", 7, 1)
    say(project, "bob", 7, 2)
    say(project, "ada", 14, 1)
    say(project, "bob", 14, 1, "accept")

    (dispute,) = disputes(project)
    assert (dispute.label, dispute.said) == (7, {"ada": 1, "bob": 2})
    say(project, "eve", 7, 2, "adjudicate")
    assert disputes(project) == []
    assert cohen_kappa(project, "ada", "bob")[1] == 2
    say(project, "ada", 7, 1)
    assert len(disputes(project)) == 1
    project.apply(merged(project.classes, "other", "inflammatory"), "eve")
    assert disputes(project) == []
