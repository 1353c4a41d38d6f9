import shutil
import sqlite3

import numpy as np
import pandas as pd
import pytest

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.project import Edit, Project, Provenance, ReviewState


def set_class(project, label, kind, image=1):
    (row,) = project.rows(image, [label])
    return Edit(image, "set class", (row,), (row._replace(kind=kind, source=Provenance.HUMAN),))


def erase(project, label, image=1):
    labels = project.labels(image)
    y, x = np.nonzero(labels == label)
    box = (int(y.min()), int(x.min()), int(y.max()) + 1, int(x.max()) + 1)
    before = project.labels(image, box)
    return Edit(
        image, "delete", tuple(project.rows(image, [label])), (), box, before, np.where(before == label, 0, before)
    )


def content(project):
    return project.labels(1), project.rows(1)


def same(a, b):
    return np.array_equal(a[0], b[0]) and a[1] == b[1]


def test_what_was_added_is_there_again(tmp_path, project, nuclei, picture):
    project.close()

    with Project.open(tmp_path / "project") as again:
        (image,) = again.images()
        read = again.nuclei(image.id)
        assert (image.name, image.path, image.shape, image.mpp) == ("tile", picture, (300, 520), 0.25)
        assert again.scheme.classes == nuclei.scheme.classes
        assert again.scheme.colors == nuclei.scheme.colors
        assert again.read_image(image.id).shape == (300, 520)
    assert np.array_equal(read.labels, nuclei.labels)
    pd.testing.assert_frame_equal(read.table[list(nuclei.table)], nuclei.table, check_exact=False, rtol=1e-6)
    assert set(read.table["source"]) == {"model"}


@pytest.mark.parametrize("box", [(0, 0, 300, 520), (10, 10, 11, 11), (250, 200, 262, 262), (255, 255, 257, 513)])
def test_a_box_is_that_part_of_the_whole(project, nuclei, box):
    y0, x0, y1, x1 = box

    assert np.array_equal(project.labels(1, box), nuclei.labels[y0:y1, x0:x1])


def test_corrections_are_made_written_down_and_taken_back(project):
    before = content(project)

    first = project.apply(set_class(project, 14, 3), "ada")
    second = project.apply(erase(project, 21), "ada")
    assert project.rows(1, [14])[0].kind == 3
    assert project.rows(1, [21]) == []
    assert not (project.labels(1) == 21).any()

    project.undo(second, "bob")
    project.undo(first, "bob")
    assert same(content(project), before)
    journal = project.journal()
    assert journal["action"].tolist() == ["set class", "delete", "undo delete", "undo set class"]
    assert journal["annotator"].tolist() == ["ada", "ada", "bob", "bob"]
    assert journal["labels"].tolist() == ["14", "21", "21", "14"]
    assert journal["undoes"].dropna().astype(int).tolist() == [second, first]


def test_a_correction_of_what_has_changed_meanwhile_is_refused(tmp_path, project):
    late_class, late_pixels = set_class(project, 14, 3), erase(project, 21)
    with Project.open(tmp_path / "project") as other:
        other.apply(set_class(other, 14, 2), "bob")
        other.apply(erase(other, 21), "bob")
    now = content(project)

    for late in (late_class, late_pixels):
        with pytest.raises(NucleusError, match="somebody else has changed meanwhile"):
            project.apply(late, "ada")
    assert same(content(project), now)
    assert len(project.journal()) == 2


def test_a_correction_elsewhere_in_the_same_box_is_kept(project):
    """Two brush strokes in one square, both drawn on what was there before."""
    box = (0, 0, 40, 40)
    before = project.labels(1, box)
    strokes = []
    for y in (20, 30):
        after = before.copy()
        after[y, 20:30] = 7
        strokes.append(Edit(1, "draw", (), (), box, before, after))

    for stroke in strokes:
        project.apply(stroke, "ada")

    assert (project.labels(1, (20, 20, 31, 30))[[0, 10]] == 7).all()


def test_a_project_can_be_moved_with_its_images(tmp_path, project):
    project.close()
    shutil.move(tmp_path / "project", tmp_path / "elsewhere")

    with Project.open(tmp_path / "elsewhere") as moved:
        assert moved.read_image(1).shape == (300, 520)


def test_without_its_image_the_nuclei_are_there(project, picture, nuclei):
    picture.unlink()

    assert len(project.nuclei(1)) == len(nuclei)
    with pytest.raises(NucleusError, match=r"tile\.png"):
        project.read_image(1)


def test_what_cannot_be_opened_is_told(tmp_path, project):
    project.close()
    with pytest.raises(NucleusError, match="a new project"):
        Project.create(tmp_path / "project", "consep")
    with pytest.raises(NucleusError, match="got none"):
        Project.open(tmp_path)
    path = tmp_path / "foreign" / "project.db"
    path.parent.mkdir()
    sqlite3.connect(path).execute("CREATE TABLE a (b)")
    with pytest.raises(NucleusError, match="got another database"):
        Project.open(path.parent)
    path.write_bytes(b"not a database, but long enough to look like a file" * 50)
    with pytest.raises(NucleusError, match="not a database"):
        Project.open(path.parent)
    base = sqlite3.connect(tmp_path / "project" / "project.db")
    base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(NucleusError, match="one of a newer"):
        Project.open(tmp_path / "project")


def test_images_and_classes_must_be_the_projects(project, picture, nuclei):
    with pytest.raises(NucleusError, match="a new image, got 'tile'"):
        project.add_image(picture, nuclei)
    with pytest.raises(NucleusError, match="classes of the project"):
        project.add_image(picture, NucleusMap.from_labels(nuclei.labels, classes="msa3"), name="b")
    with pytest.raises(NucleusError, match="number 9"):
        project.nuclei(9)
    with pytest.raises(NucleusError, match="number 9"):
        project.undo(9, "ada")
    assert len(project.images()) == 1


def test_states_and_comments_are_kept(project):
    (row,) = project.rows(1, [7])
    edit = Edit(1, "flag", (row,), (row._replace(state=ReviewState.FLAGGED, comment="Zelle? ü"),))

    project.apply(edit, "ada")

    table = project.nuclei(1).table.set_index("label")
    assert (table.loc[7, "state"], table.loc[7, "comment"]) == ("flagged", "Zelle? ü")
