import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.project import Edit
from napari_nucleus.project.scheme_edits import merged
from napari_nucleus.project.snapshots import nuclei_at, restore, snapshots, take_snapshot


def corrected(project, label, **values):
    (row,) = project.rows(1, [label])
    return project.apply(Edit(1, "say", (row,), (row._replace(**values),)), "ada")


def deleted(project, label):
    before = project.labels(1)
    after = np.where(before == label, 0, before)
    return project.apply(Edit(1, "delete", tuple(project.rows(1, [label])), (), (0, 0, 300, 520), before, after), "ada")


def test_a_snapshot_is_what_was_there_and_the_way_back_to_it(project):
    corrected(project, 7, kind=2)
    take_snapshot(project, "first round", "ada")
    then = project.nuclei(1)
    corrected(project, 7, kind=3, comment="?")
    deleted(project, 14)
    line = project.apply(merged(project.classes, "other", "epithelial"), "bob")
    project.undo(line, "bob")
    project.apply(merged(project.classes, "other", "epithelial"), "bob")
    now, rows = project.labels(1), project.rows(1)

    assert np.array_equal(nuclei_at(project, 1, "first round").labels, then.labels)
    assert nuclei_at(project, 1, "first round").table["label"].equals(then.table["label"])

    lines = len(project.lines())
    assert restore(project, "first round", "ada") == 2
    back = project.nuclei(1)
    assert np.array_equal(back.labels, then.labels)
    assert back.table.equals(then.table)
    assert restore(project, "first round", "ada") == 0

    for line in project.lines()[lines:][::-1]:
        project.undo(line.number, "ada")
    assert np.array_equal(project.labels(1), now)
    assert project.rows(1) == rows


def test_names_of_snapshots_are_their_own(project):
    first = take_snapshot(project, "a", "ada")
    corrected(project, 7, kind=2)
    second = take_snapshot(project, "b", "bob")

    assert snapshots(project) == [first, second]
    with pytest.raises(NucleusError, match="a new name for the snapshot, got 'a'"):
        take_snapshot(project, "a", "ada")
    with pytest.raises(NucleusError, match=r"a snapshot \(a, b\), got 'c'"):
        restore(project, "c", "ada")
