import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_nucleus.core import NucleusError, NucleusMap

SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=12)
label_images = arrays(np.int32, SHAPES, elements=st.sampled_from([0, 0, 1, 5, 9, 2**31 - 1]))


@pytest.fixture
def labels():
    labels = np.zeros((10, 12), np.int64)
    labels[1:4, 2:5] = 7
    labels[6:8, 6:12] = 3
    return labels


def test_table_is_keyed_by_label_with_gaps(labels):
    nuclei = NucleusMap.from_labels(labels, mpp=0.5)
    rows = nuclei.table.set_index("label")
    assert list(rows.index) == [3, 7]
    assert rows.loc[7, ["y_px", "x_px", "y_um", "x_um"]].tolist() == [2.0, 3.0, 1.0, 1.5]
    assert rows.loc[3, "area_um2"] == 12 * 0.25
    assert nuclei.labels.dtype == np.int32


@given(label_images)
@settings(deadline=None, max_examples=50)
def test_measures_equal_the_definition(labels):
    nuclei = NucleusMap.from_labels(labels, mpp=0.25)
    for row in nuclei.table.itertuples():
        y, x = np.nonzero(labels == row.label)
        assert row.y_px == pytest.approx(y.mean())
        assert row.x_px == pytest.approx(x.mean())
        assert row.area_um2 == pytest.approx(len(y) / 16)


def test_majority_vote_leaves_background_out(labels):
    types = np.zeros(labels.shape, int)
    types[1, 2:4] = 3
    types[2, 2] = 2
    nuclei = NucleusMap.from_labels(labels, classes="consep", type_map=types)
    assert dict(zip(nuclei.table["label"], nuclei.table["class"], strict=True)) == {3: "unknown", 7: "epithelial"}
    assert nuclei.counts() == {"other": 0, "inflammatory": 0, "epithelial": 1, "spindle-shaped": 0, "unknown": 1}
    np.testing.assert_array_equal(nuclei.type_map(), np.where(labels == 7, 3, 0))


def test_probabilities_are_means_over_the_nucleus(labels):
    prob = np.random.default_rng(0).dirichlet(np.ones(5), labels.shape).transpose(2, 0, 1)
    nuclei = NucleusMap.from_labels(labels, classes="consep", type_prob=prob)
    row = nuclei.table.set_index("label").loc[7]
    assert row["p_inflammatory"] == pytest.approx(prob[2][labels == 7].mean())
    votes = np.bincount(prob[:, labels == 7].argmax(0), minlength=5)[1:]
    assert nuclei.scheme.number_of(row["class"]) == votes.argmax() + 1


def test_no_nuclei():
    nuclei = NucleusMap.from_labels(np.zeros((3, 3), int), classes="consep", type_prob=np.full((5, 3, 3), 0.2))
    assert len(nuclei) == 0
    assert sum(nuclei.counts().values()) == 0
    assert {"label", "class", "p_other", "area_um2"} <= set(nuclei.table)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((2, 3, 4), int), "one plane"),
        (np.array([[0, -1]]), "from 0"),
        (np.array([[0.5, 1]]), "whole numbers"),
        (np.array([[np.nan, 1]]), "whole numbers"),
        (np.array([[0, 2**40]]), "from 0"),
    ],
)
def test_labels_that_are_none(labels, message):
    with pytest.raises(NucleusError, match=message):
        NucleusMap.from_labels(labels)


def test_whole_floats_are_labels():
    assert len(NucleusMap.from_labels(np.array([[0.0, 2.0]]))) == 1


def test_wrong_shapes_and_classes(labels):
    with pytest.raises(NucleusError, match="type_map"):
        NucleusMap.from_labels(labels, classes="consep", type_map=np.zeros((2, 2), int))
    with pytest.raises(NucleusError, match="class numbers 0 to 4"):
        NucleusMap.from_labels(labels, classes="consep", type_map=np.full(labels.shape, 9))
    with pytest.raises(NucleusError, match="5 type probabilities"):
        NucleusMap.from_labels(labels, classes="consep", type_prob=np.zeros((3, *labels.shape)))


def test_a_table_of_other_nuclei_is_refused(labels):
    nuclei = NucleusMap.from_labels(labels)
    with pytest.raises(NucleusError, match="one row a nucleus"):
        NucleusMap(nuclei.labels, nuclei.table.iloc[:1], 0.25, nuclei.scheme)


def test_huge_ids_cost_no_memory():
    labels = np.array([[0, 2**31 - 1], [3, 0]])
    nuclei = NucleusMap.from_labels(labels, classes="consep", class_of={3: 1, 2**31 - 1: 4})
    np.testing.assert_array_equal(nuclei.type_map(), [[0, 4], [1, 0]])
