import json

import numpy as np
import pytest

from napari_nucleus.core import NucleusError, own_scheme, scheme
from napari_nucleus.io import open_patches, read_nuclei
from napari_nucleus.io.folder_classes import FILE, read_classes, write_classes


@pytest.mark.parametrize("kinds", [scheme("refined7"), own_scheme("mine", ["a b", "ö"], ["#112233", "#445566"])])
def test_what_is_written_is_read_again(tmp_path, kinds):
    write_classes(tmp_path, kinds, 0.5)
    assert read_classes(tmp_path) == (kinds, 0.5)
    assert read_classes(tmp_path)[0].crosswalks == kinds.crosswalks


def test_a_folder_that_states_its_classes_is_read_with_them(tmp_path):
    inst = np.zeros((20, 20), np.int32)
    inst[2:5, 2:5], inst[10:14, 10:14] = 1, 2
    np.savez(tmp_path / "a.npz", image=np.zeros((20, 20, 3), np.uint8), inst=inst, type=inst.astype(np.uint8))
    write_classes(tmp_path, own_scheme("mine", ["x", "y"]), 0.5)
    nuclei = read_nuclei(tmp_path / "a.npz")
    assert (nuclei.table["class"].tolist(), nuclei.mpp) == (["x", "y"], 0.5)
    assert open_patches(tmp_path).patch(0).truth.counts() == {"x": 1, "y": 1}
    assert read_nuclei(tmp_path / "a.npz", "consep", 0.25).scheme.name == "consep"


def test_a_folder_may_say_nothing(tmp_path):
    assert read_classes(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "a", "classes": ["x"], "mpp": 0}', '{"name": "consep"}'])
def test_a_broken_file_is_named(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(NucleusError, match=r"classes\.json") as error:
        read_classes(tmp_path)
    assert "\n" not in str(error.value)


def test_other_names_under_a_known_schemes_name_are_refused(tmp_path):
    (tmp_path / FILE).write_text(json.dumps({"name": "consep", "classes": ["x"], "mpp": 0.25}))
    with pytest.raises(NucleusError, match="name of its own"):
        read_classes(tmp_path)
