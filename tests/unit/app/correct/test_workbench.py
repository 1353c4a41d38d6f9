import numpy as np
import pytest

from napari_nucleus.app.correct import Workbench
from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.project import OvertakenError, Project


def test_a_class_is_set_shown_and_taken_back(bench, consistent):
    before, seen = bench.classes.copy(), []
    bench.changed.connect(seen.append)

    bench.set_class(14, 4)

    assert (bench.classes[bench.labels == 14] == 4).all()
    assert np.array_equal(bench.classes[bench.labels != 14], before[bench.labels != 14])
    assert (bench.rows[14].kind, bench.rows[14].source, bench.rows[14].state) == (4, "human", "accepted")
    consistent(bench)
    bench.undo()
    assert np.array_equal(bench.classes, before)
    bench.redo()
    assert bench.rows[14].kind == 4
    assert [change.action for change in seen] == ["set class", "undo set class", "redo set class"]
    assert all(change.labels == (14,) for change in seen)
    consistent(bench)


def test_many_are_deleted_at_once_and_come_back(bench, consistent):
    labels, rows = bench.labels.copy(), bench.rows.columns

    change = bench.delete([7, 21, 35])

    assert sorted(change.labels) == [7, 21, 35]
    assert not np.isin(bench.labels, (7, 21, 35)).any()
    assert not bench.classes[bench.labels == 0].any()
    consistent(bench)
    bench.undo()
    assert np.array_equal(bench.labels, labels)
    assert np.array_equal(bench.rows.columns, rows)
    consistent(bench)


def test_what_was_done_before_can_be_taken_back_after_opening_again(tmp_path, bench, consistent):
    bench.set_class(14, 4)
    bench.delete(7)
    bench.undo()
    bench.project.close()

    with Project.open(tmp_path / "project") as again:
        anew = Workbench.open(again, 1, "ada")
        assert anew.can_redo
        assert anew.undo().action == "undo set class"
        assert anew.undo() is None
        consistent(anew)


def test_each_takes_back_what_is_theirs_alone(bench, project):
    other = Workbench.open(project, 1, "bob")
    other.set_class(14, 1)
    bench.set_class(21, 2)

    assert other.undo().labels == (14,)
    assert other.undo() is None
    assert bench.refresh()[-1].annotator == "bob"


def test_others_corrections_are_taken_in_and_never_overwritten(tmp_path, bench, consistent):
    with Project.open(tmp_path / "project") as elsewhere:
        bob = Workbench.open(elsewhere, 1, "bob")
        bob.set_class(14, 1)
        bob.delete(7)

        with pytest.raises(OvertakenError, match="changed meanwhile"):
            bench.set_class(14, 2)

        assert bench.rows[14].kind == 1
        assert 7 not in bench.rows
        consistent(bench)
        bench.set_class(14, 2)
        with pytest.raises(OvertakenError):
            bob.undo() and bob.undo()
        assert bob.undo() is None
        bench.refresh()
        assert np.array_equal(bob.classes, bench.classes)


def test_what_came_with_the_nuclei_is_kept_and_comes_back(tmp_path, project, nuclei, consistent):
    nuclei.table["entropy"] = [0.1, np.nan, 0.3, 0.4, 0.5, 0.6]
    bench = Workbench.open(project, project.add_image(tmp_path / "other.png", nuclei), "ada")

    bench.split(21, [[230, 255], [270, 255]])
    assert bench.rows[21].features is None
    bench.set_class([7, 14], 2)
    consistent(bench)
    bench.undo()
    bench.undo()

    columns = np.sort(bench.rows.columns, order="label")
    np.testing.assert_array_equal(columns["features"][:, 0], nuclei.table["entropy"])
    np.testing.assert_array_equal(project.nuclei(2).table["entropy"], nuclei.table["entropy"])


@pytest.mark.parametrize("label", [None, 2**31 - 5])
def test_images_without_nuclei_and_with_huge_labels_can_be_corrected(tmp_path, project, consistent, label):
    labels = np.zeros((50, 60), np.int32)
    if label:
        labels[30:40, 30:40] = label
    bench = Workbench.open(
        project, project.add_image(tmp_path / "b.png", NucleusMap.from_labels(labels, classes="consep")), "a"
    )
    box, pixels = (5, 5, 15, 15), np.ones((10, 10), bool)
    if label:
        bench.set_class(label, 2)
        with pytest.raises(NucleusError, match="got no free one"):
            bench.draw(box, pixels, 1)
    else:
        bench.draw(box, pixels, 1)
        assert bench.label_at(10, 10) == 1
    consistent(bench)


def test_what_isnt_there_is_told(bench, project):
    with pytest.raises(NucleusError, match="Expected a nucleus, got none"):
        bench.delete(bench.label_at(0, 0))
    with pytest.raises(NucleusError, match="a class from 0 to 4, got 5"):
        bench.set_class(14, 5)
    with pytest.raises(NucleusError, match="number 9"):
        Workbench.open(project, 9, "ada")
    with pytest.raises(NucleusError, match="who corrects"):
        Workbench.open(project, 1, " ")
    assert bench.label_at(20.4, 36.6) == 14
    assert project.journal().empty
