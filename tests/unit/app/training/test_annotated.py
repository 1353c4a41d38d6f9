import numpy as np
import pytest

from napari_nucleus.app.training.annotated import write_annotated
from napari_nucleus.core import NucleusError
from napari_nucleus.io import open_patches


def test_layers_are_read_again_as_an_annotated_folder(pair, nuclei, tmp_path):
    annotated = pair("tile 1/2: left").annotated()

    write_annotated(tmp_path / "out", [annotated])

    patches = open_patches(tmp_path / "out")
    patch = patches.patch(0)
    assert patches.names == ("tile 1-2- left",)
    assert np.array_equal(patch.image.array, annotated.image)
    assert np.array_equal(patch.truth.labels, nuclei.labels)
    assert patch.truth.scheme.classes == nuclei.scheme.classes
    assert patch.truth.table["class"].tolist() == nuclei.table["class"].tolist()
    assert patch.truth.mpp == nuclei.mpp


def test_only_nuclei_that_were_changed(pair):
    annotated = pair(edited=[20, 50], edited_only=True).annotated()

    assert np.unique(annotated.nuclei.labels).tolist() == [0, 20, 50]
    assert annotated.nuclei.table["label"].tolist() == [20, 50]


@pytest.mark.parametrize("edited", [None, []])
def test_without_changes_there_is_nothing_to_learn_from_them(pair, edited):
    with pytest.raises(NucleusError, match="that were corrected in my tile, got none"):
        pair(edited=edited, edited_only=True).annotated()


def test_layers_that_do_not_fit_are_refused(pair, tmp_path):
    with pytest.raises(NucleusError, match=r"nuclei of the size of my tile, \(50, 80\), got \(60, 80\)"):
        write_annotated(tmp_path / "out", [pair(shape=(50, 80)).annotated()])
    with pytest.raises(NucleusError, match="an image with nuclei, got none"):
        write_annotated(tmp_path / "out", [])
    assert not (tmp_path / "out").exists()
