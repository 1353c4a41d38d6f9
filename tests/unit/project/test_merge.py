import shutil

import cv2
import numpy as np
import pytest

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.project import Edit, Project, Provenance, ReviewState
from napari_nucleus.project.agreement import disputes
from napari_nucleus.project.merge import merge_copy
from napari_nucleus.project.nuclei import Row
from napari_nucleus.project.scheme_edits import added, renamed


@pytest.fixture
def copy(tmp_path, project):
    """A copy of the project, as a file manager makes it."""
    project.close()
    shutil.copytree(tmp_path / "project", tmp_path / "copy")
    with Project.open(tmp_path / "copy") as other:
        yield other


@pytest.fixture
def ours(tmp_path, copy):
    with Project.open(tmp_path / "project") as project:
        yield project


def say(project, annotator, label, action="set class", **values):
    (row,) = project.rows(1, [label])
    return project.apply(Edit(1, action, (row,), (row._replace(**values),)), annotator)


def draw(project, annotator, y, x, kind=1, image=1):
    label = project.take_labels(image)[0]
    box = (y, x, y + 4, x + 4)
    row = Row(label, y + 1.5, x + 1.5, 16, kind, str(Provenance.HUMAN), str(ReviewState.ACCEPTED))
    before, after = project.labels(image, box), np.full((4, 4), label, np.int32)
    project.apply(Edit(image, "draw", (), (row,), box, before, after), annotator)
    return label


def consistent(project):
    """Labels and rows fit, and the journal explains how they came about."""
    nuclei = project.nuclei(1)
    measured = NucleusMap.from_labels(nuclei.labels).table
    assert measured["label"].tolist() == nuclei.table["label"].tolist()
    assert measured["y_px"].tolist() == nuclei.table["y_px"].tolist()


def test_corrections_of_different_nuclei_and_things_go_together(ours, copy):
    say(ours, "ada", 7, kind=2, source=Provenance.HUMAN)
    say(copy, "bob", 14, kind=3)
    say(copy, "bob", 7, "comment", comment="large")

    report = merge_copy(ours, copy)

    assert (report.taken, report.set_aside, report.images) == (2, (), ())
    assert (ours.rows(1, [7])[0].kind, ours.rows(1, [7])[0].comment) == (2, "large")
    assert ours.rows(1, [14])[0].kind == 3
    assert ours.journal()["annotator"].tolist() == ["ada", "bob", "bob"]
    assert merge_copy(ours, copy).taken == 0
    consistent(ours)


def test_what_contradicts_is_kept_aside_and_adjudicated(ours, copy):
    accepted, former = str(ReviewState.ACCEPTED), ours.rows(1, [7])[0].kind
    first, second = {1, 2, 3} - {former} if former < 4 else {1, 2}
    say(ours, "ada", 7, kind=first, state=accepted)
    say(copy, "bob", 7, kind=second, state=accepted)
    last = say(copy, "bob", 14, kind=3, state=accepted)
    copy.undo(last, "bob")

    report = merge_copy(ours, copy)

    assert [line.action for line in report.set_aside] == ["set class"]
    assert ours.rows(1, [7])[0].kind == first
    assert ours.journal()["applied"].tolist() == [True, False, True, True]
    (dispute,) = disputes(ours)
    assert (dispute.label, dispute.said) == (7, {"ada": first, "bob": second})
    assert merge_copy(ours, copy).set_aside == ()
    consistent(ours)


def test_what_follows_from_what_was_set_aside_is_set_aside_too(ours, copy):
    before = copy.labels(1)
    rows = tuple(copy.rows(1, [7]))
    line = copy.apply(Edit(1, "delete", rows, (), (0, 0, 300, 520), before, np.where(before == 7, 0, before)), "bob")
    copy.undo(line, "bob")
    say(copy, "bob", 14, kind=1)
    say(ours, "ada", 7, kind=4)

    report = merge_copy(ours, copy)

    assert [line.action for line in report.set_aside] == ["delete", "undo delete"]
    assert report.taken == 1
    consistent(ours)


def test_new_nuclei_of_both_get_labels_of_their_own(ours, copy):
    mine, theirs = draw(ours, "ada", 50, 50), draw(copy, "bob", 60, 300, kind=2)
    say(copy, "bob", theirs, "comment", comment="mitosis?")
    draw(copy, "bob", 80, 300)
    assert mine == theirs

    report = merge_copy(ours, copy)

    assert (report.taken, report.set_aside) == (3, ())
    assert len(ours.rows(1)) == 9
    (found,) = [row for row in ours.rows(1) if row.comment == "mitosis?"]
    assert (found.kind, found.label) == (2, ours.labels(1)[61, 301])
    assert draw(ours, "ada", 70, 70) not in {row.label for row in copy.rows(1)}
    consistent(ours)

    say(copy, "bob", theirs, "comment", comment="none")
    assert merge_copy(ours, copy).taken == 1
    assert ours.rows(1, [found.label])[0].comment == "none"
    assert ours.rows(1, [mine])[0].comment == ""

    assert merge_copy(copy, ours).taken == 2
    assert copy.labels(1)[71, 71] not in (0, theirs)
    consistent(copy)


def test_a_nucleus_that_both_have_drawn_anew_stays_as_it_is_here(ours, copy):
    """Each takes away other pixels; both together would be what nobody has drawn."""
    for project, annotator, side in ((ours, "ada", 0), (copy, "bob", 1)):
        box = (3, 3, 15, 15)
        before = project.labels(1, box)
        after = before.copy()
        after[:, -side] = 0
        (row,) = project.rows(1, [7])
        y, x = np.nonzero(after == 7)
        new = row._replace(y=float(y.mean() + 3), x=float(x.mean() + 3), area=len(y))
        project.apply(Edit(1, "erase", (row,), (new,), box, before, after), annotator)

    assert len(merge_copy(ours, copy).set_aside) == 1
    consistent(ours)


def test_classes_that_only_one_has_go_by_their_names(ours, copy):
    ours.apply(added(ours.classes, "plasma"), "ada")
    copy.apply(added(copy.classes, "mitosis"), "bob")
    copy.apply(renamed(copy.classes, "other", "debris"), "bob")
    say(copy, "bob", 7, kind=5)

    report = merge_copy(ours, copy)

    assert ours.scheme.classes == ("other", "inflammatory", "epithelial", "spindle-shaped", "plasma", "mitosis")
    assert ours.nuclei(1).table.set_index("label").loc[7, "class"] == "mitosis"
    assert [line.action for line in report.set_aside] == ["add class", "rename class"]


def test_classes_that_were_only_changed_in_the_copy_are_taken_over(ours, copy):
    copy.apply(added(copy.classes, "mitosis"), "bob")
    say(copy, "bob", 7, kind=5)

    assert merge_copy(ours, copy).set_aside == ()
    assert ours.scheme == copy.scheme
    assert ours.rows(1, [7])[0].kind == 5


def test_images_that_only_the_copy_has_come_along(ours, copy, tmp_path):
    path = tmp_path / "copy" / "more.png"
    cv2.imwrite(str(path), np.zeros((40, 40, 3), np.uint8))
    labels = np.zeros((40, 40), np.int32)
    labels[4:9, 4:9] = 3
    number = copy.add_image(path, NucleusMap.from_labels(labels, classes="consep", class_of={3: 2}))
    (row,) = copy.rows(number)
    copy.apply(Edit(number, "flag", (row,), (row._replace(state=ReviewState.FLAGGED),)), "bob")

    draw(copy, "bob", 20, 20, image=number)

    report = merge_copy(ours, copy)

    assert (report.taken, report.images) == (2, ("more",))
    added_image = ours.images()[1]
    assert ours.edit(ours.lines(added_image.id)[-1].number).rows_after[0].label in {r.label for r in ours.rows(2)}
    assert ours.nuclei(added_image.id).table.equals(copy.nuclei(number).table)
    assert ours.read_image(added_image.id).shape == (40, 40)
    assert ours.lines(added_image.id)[-1].annotator == "bob"


def test_another_project_is_no_copy(tmp_path, ours):
    with (
        Project.create(tmp_path / "other", "consep") as other,
        pytest.raises(NucleusError, match="got another project"),
    ):
        merge_copy(ours, other)
