import numpy as np
import pandas as pd
import pytest

from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap
from napari_nucleus.io import read_nuclei, write_csv, write_geojson, write_labels

PROBABLE = np.array([0.0, 0.1, 0.2, 0.6, 0.1], np.float32)


@pytest.fixture
def nuclei():
    """Three nuclei of CoNSeP's classes with probabilities; ids have gaps."""
    labels = np.zeros((40, 50), np.int32)
    labels[3:9, 4:11], labels[20:30, 20:31], labels[33:38, 2:9] = 2, 7, 300
    prob = np.broadcast_to(PROBABLE[:, None, None], (5, 40, 50))
    return NucleusMap.from_labels(labels, mpp=0.5, classes="consep", class_of={2: 3, 7: 1}, type_prob=prob)


def test_what_segment_writes_comes_back(nuclei, tmp_path):
    write_labels(tmp_path / "a.labels.tif", nuclei)
    write_csv(tmp_path / "a.nuclei.csv", nuclei)
    read = read_nuclei(tmp_path / "a.labels.tif")
    np.testing.assert_array_equal(read.labels, nuclei.labels)
    pd.testing.assert_frame_equal(read.table[nuclei.table.columns], nuclei.table, check_exact=False)
    assert read.scheme == nuclei.scheme
    assert read.mpp == pytest.approx(0.5)


def test_outlines(nuclei, tmp_path):
    write_geojson(tmp_path / "a.geojson", nuclei)
    read = read_nuclei(tmp_path / "a.geojson", shape=(99, 99))
    np.testing.assert_array_equal(read.labels, nuclei.labels)
    assert read.counts() == nuclei.counts()


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".tif"])
def test_labels_without_classes(nuclei, suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, nuclei.labels)
    elif suffix == ".npz":
        np.savez(path, inst=nuclei.labels)
    else:
        write_labels(path, nuclei)
    read = read_nuclei(path, mpp=0.3)
    assert read.scheme.name == "nucleus"
    assert read.mpp == 0.3
    assert len(read) == 3


@pytest.mark.parametrize(
    ("folder", "classes", "expected", "mpp"),
    [("consep", None, "epithelial", 0.25), ("mine", None, "class_3", 0.25), ("mine", "pannuke", "connective", 0.25)],
)
def test_what_class_numbers_mean(nuclei, folder, classes, expected, mpp, tmp_path):
    (tmp_path / folder).mkdir()
    np.savez(tmp_path / folder / "a.npz", inst=nuclei.labels, type=nuclei.type_map())
    read = read_nuclei(tmp_path / folder / "a.npz", classes)
    assert read.table["class"].tolist() == [expected, read.scheme.name_of(1), "unknown"]
    assert read.mpp == mpp


def test_a_table_with_classes_of_ones_own(nuclei, tmp_path):
    np.save(tmp_path / "a.npy", nuclei.labels)
    pd.DataFrame({"label": [2, 7, 300], "class": ["b", "NA", None]}).to_csv(tmp_path / "a.nuclei.csv", index=False)
    read = read_nuclei(tmp_path / "a.npy")
    assert read.scheme.classes == ("NA", "b")
    assert read.table["class"].tolist() == ["b", "NA", "unknown"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"label": [2, 7], "class": ["a", "b"]}, "row for each of 3 nuclei"),
        ({"label": [2, 7, 8], "class": ["a", "b", "c"]}, "row for each of 3 nuclei"),
        ({"label": [2, 7, 7, 300], "class": ["a", "b", "b", "c"]}, "row for each of 3 nuclei"),
        ({"label": [2, 7, 300]}, "column 'class'"),
        ({"class": ["a", "b", "c"]}, "column 'label'"),
    ],
)
def test_a_table_of_something_else_is_refused(nuclei, table, message, tmp_path):
    write_labels(tmp_path / "a.labels.tif", nuclei)
    pd.DataFrame(table).to_csv(tmp_path / "a.nuclei.csv", index=False)
    with pytest.raises(NucleusError, match=rf"{message}.* File: .*a\.nuclei\.csv"):
        read_nuclei(tmp_path / "a.labels.tif")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"image": np.zeros((5, 5, 3))}, "'inst'"),
        ({"inst": np.full((5, 5), 0.5)}, "whole numbers"),
        ({"inst": np.full((5, 5), -1)}, "from 0"),
        ({"inst": np.ones((5, 5), int), "type": np.ones((4, 5), int)}, "type_map"),
        ({"inst": np.ones((5, 5), int), "type": np.ones((5, 5))}, "whole numbers in 'type'"),
        ({"inst": np.ones((5, 5), int), "type": np.full((5, 5), 9)}, "class numbers 0 to 4"),
    ],
)
def test_arrays_that_are_no_nuclei_are_refused(arrays, message, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(NucleusError, match=rf"{message}.* File: .*a\.npz"):
        read_nuclei(tmp_path / "a.npz", "consep")


def test_nothing_is_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", inst=np.array([[{}]], dtype=object))
    with pytest.raises(NucleusError, match="File:"):
        read_nuclei(tmp_path / "a.npz")


def test_an_image_without_nuclei_keeps_its_classes(tmp_path):
    odd = ClassScheme("mine", ("a", "b"), ("#000000", "#FFFFFF"))
    empty = NucleusMap.from_labels(np.zeros((6, 7), np.int32), classes=odd, type_prob=np.full((3, 6, 7), 1 / 3))
    write_labels(tmp_path / "a.labels.tif", empty)
    write_csv(tmp_path / "a.nuclei.csv", empty)
    read = read_nuclei(tmp_path / "a.labels.tif")
    assert read.scheme.classes == ("a", "b")
    assert len(read) == 0
