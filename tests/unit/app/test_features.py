import numpy as np

from napari_nucleus.app.features import features_of, nuclei_of
from napari_nucleus.core import NucleusMap, scheme


def example():
    labels = np.zeros((8, 8), np.int32)
    labels[1:3, 1:3], labels[5:7, 4:7] = 4, 9
    prob = np.full((5, 8, 8), 0.1)
    prob[3] = 0.6
    return NucleusMap.from_labels(labels, mpp=0.5, classes="consep", type_prob=prob)


def test_there_and_back():
    nuclei = example()

    back = nuclei_of(nuclei.labels, features_of(nuclei), nuclei.scheme, nuclei.mpp)

    assert back.table.equals(nuclei.table)
    assert back.mpp == 0.5


def test_features_are_keyed_by_label_and_say_what_matters():
    features = features_of(example())

    assert features["index"].tolist() == [4, 9]
    assert features["class"].tolist() == ["epithelial", "epithelial"]
    assert {"p_other", "p_epithelial", "area_um2"} <= set(features)
    assert "y_px" not in features


def test_painted_and_deleted_nuclei():
    nuclei = example()
    labels = nuclei.labels.copy()
    labels[labels == 4] = 0
    labels[0, 0] = 12

    back = nuclei_of(labels, features_of(nuclei), nuclei.scheme, 0.5)

    assert back.table["label"].tolist() == [9, 12]
    assert back.table["class"].tolist() == ["epithelial", "unknown"]


def test_a_class_that_the_scheme_lacks_is_unknown():
    nuclei = example()
    features = features_of(nuclei).assign(**{"class": "tumour"})

    assert set(nuclei_of(nuclei.labels, features, scheme("consep"), 0.5).table["class"]) == {"unknown"}


def test_a_layer_without_features():
    assert len(nuclei_of(example().labels, {}, scheme("consep"), 0.25)) == 2
