import numpy as np
import pytest

from napari_nucleus.core import NucleusMap, own_scheme
from napari_nucleus.postprocess.nucleus_classes import class_entropy, types_of_nuclei, with_probabilities


@pytest.fixture
def nuclei():
    labels = np.zeros((6, 8), np.int32)
    labels[1:3, 1:3], labels[4:6, 2:7] = 9, 4
    return NucleusMap.from_labels(labels, classes="consep", type_prob=np.full((5, 6, 8), 0.2))


def test_class_probabilities_and_entropy_follow(nuclei):
    nuclei.table["entropy"] = 0.5
    found = with_probabilities(nuclei, np.array([[0, 0, 1.0, 0], [0.25, 0.25, 0.25, 0.25]]))
    assert found.table["class"].tolist() == ["epithelial", "other"]
    assert found.table["p_epithelial"].tolist() == [1, 0.25]
    np.testing.assert_allclose(found.table["entropy"], [0, 1], atol=1e-9)
    assert found.table["label"].tolist() == nuclei.table["label"].tolist()
    assert nuclei.table["p_epithelial"].tolist() == pytest.approx([0.2, 0.2])


def test_other_classes_take_the_place_of_the_old_ones(nuclei):
    found = with_probabilities(nuclei, np.array([[0.1, 0.9], [0.8, 0.2]]), own_scheme("mine", ["a", "b"]))
    assert [c for c in found.table if c.startswith("p_")] == ["p_a", "p_b"]
    assert found.counts() == {"a": 1, "b": 1}
    assert list(found.table).index("p_a") == list(found.table).index("class") + 1


def test_types_of_pixels(nuclei):
    types = types_of_nuclei(nuclei, np.array([[0.7, 0.3, 0, 0], [0, 0, 0, 1]]))  # labels 4, then 9
    np.testing.assert_allclose(types.sum(0), 1)
    assert types[0].sum() == (nuclei.labels == 0).sum()
    assert types[1, 5, 3] == pytest.approx(0.7)
    assert types[4, 1, 1] == 1


def test_no_nuclei():
    none = NucleusMap.from_labels(np.zeros((3, 3), np.int32), classes="consep")
    assert len(with_probabilities(none, np.zeros((0, 4)))) == 0
    assert types_of_nuclei(none, np.zeros((0, 4)))[0].min() == 1


def test_entropy_of_one_class_is_0():
    assert class_entropy(np.ones((3, 1))).tolist() == [0, 0, 0]
