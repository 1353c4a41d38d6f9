import numpy as np

from napari_nucleus.core.progress import drain
from napari_nucleus.io import open_patches
from napari_nucleus.project import Edit, ProjectPatches, Provenance, ReviewState
from napari_nucleus.training import FineTuneRecipe
from napari_nucleus.training.data import open_data
from napari_nucleus.training.recipe import DataSource


def say(project, label, **said):
    (row,) = project.rows(1, [label])
    project.apply(Edit(1, "say", (row,), (row._replace(**said),)), "ada")


def test_nuclei_that_a_person_has_seen_are_the_truth(tmp_path, project):
    say(project, 7, kind=2, source=Provenance.HUMAN)
    say(project, 14, state=ReviewState.ACCEPTED)
    say(project, 21, kind=1, source=Provenance.HUMAN, state=ReviewState.REJECTED)

    patches = open_patches(tmp_path / "project")

    assert isinstance(patches, ProjectPatches)
    truth = patches.patch(0).truth
    assert truth.table["label"].tolist() == [7, 14]
    assert np.unique(truth.labels).tolist() == [0, 7, 14]
    assert truth.table["class"][0] == "inflammatory"


def test_without_a_word_of_a_person_there_is_no_truth(tmp_path, project):
    assert open_patches(tmp_path / "project").patch(0).truth is None


def test_training_learns_from_a_project(tmp_path, project):
    say(project, 7, kind=2, source=Provenance.HUMAN)
    say(project, 14, kind=4, source=Provenance.HUMAN)
    recipe = FineTuneRecipe(name="t", classes="consep", partial=True, sources=(DataSource("project", classes=True),))

    data = drain(open_data(recipe, tmp_path))

    assert data.counts(4).tolist() == [0, 1, 0, 1]
