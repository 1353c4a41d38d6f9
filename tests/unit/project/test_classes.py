import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.project import OvertakenError, Project
from napari_nucleus.project.scheme_edits import added, keyed, merged, recoloured, renamed


def edit(project, function, *values):
    return project.apply(function(project.classes, *values), "ada")


def test_classes_are_added_renamed_coloured_and_given_keys_and_all_is_taken_back(project):
    before, scheme = project.classes, project.scheme
    lines = [
        edit(project, added, "mitosis"),
        edit(project, added, "plasma", "#112233", "p"),
        edit(project, renamed, "other", "debris"),
        edit(project, recoloured, "debris", "#000000"),
        edit(project, keyed, "debris", "d"),
    ]

    now = project.scheme
    assert now.classes == ("debris", "inflammatory", "epithelial", "spindle-shaped", "mitosis", "plasma")
    assert now.colors[0] == "#000000"
    assert now.colors[5] == "#112233"
    assert now.colors[4] not in scheme.colors
    assert [one.key for one in project.classes] == ["d", "", "", "", "", "p"]
    for line in lines[::-1]:
        project.undo(line, "ada")
    assert project.classes == before
    assert project.scheme == scheme
    assert set(project.journal()["image"]) == {""}


def test_nuclei_of_merged_classes_count_as_the_others_without_being_written(project):
    rows, before = project.rows(1), project.nuclei(1).table
    line = edit(project, merged, "inflammatory", "epithelial")
    edit(project, merged, "epithelial", "other")

    table = project.nuclei(1).table
    assert project.scheme.classes == ("other", "spindle-shaped")
    assert set(before["class"]) >= {"inflammatory", "epithelial"}
    renaming = {"inflammatory": "other", "epithelial": "other"}
    assert table["class"].tolist() == before["class"].replace(renaming).tolist()
    total = before[["p_other", "p_inflammatory", "p_epithelial"]].sum(axis=1)
    assert table["p_other"].tolist() == pytest.approx(total.tolist())
    assert project.rows(1) == rows

    project.undo(line + 1, "ada")
    project.undo(line, "ada")
    assert project.nuclei(1).table.equals(before)


def test_what_cannot_be_done_is_told(project):
    for function, values, words in (
        (added, ("other",), "a name that no class has"),
        (added, ("unknown",), "a name that no class has"),
        (renamed, ("none", "a"), "a class of the project"),
        (renamed, ("other", "epithelial"), "a name that no class has"),
        (recoloured, ("other", "red"), "a colour as #RRGGBB"),
        (merged, ("other", "other"), "two different classes"),
    ):
        with pytest.raises(NucleusError, match=words):
            edit(project, function, *values)
    edit(project, keyed, "other", "x")
    with pytest.raises(NucleusError, match="'x', which sets other"):
        edit(project, keyed, "epithelial", "x")


def test_classes_that_somebody_else_changed_meanwhile_are_not_overwritten(tmp_path, project):
    late = renamed(project.classes, "other", "debris")
    with Project.open(tmp_path / "project") as elsewhere:
        edit(elsewhere, renamed, "other", "rest")

    with pytest.raises(OvertakenError, match="Expected classes as they were"):
        project.apply(late, "ada")
    assert project.scheme.classes[0] == "rest"
