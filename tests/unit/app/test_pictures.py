import numpy as np
import pytest

from napari_nucleus.app.pictures import picture_graph, picture_probability, picture_signed, picture_types
from napari_nucleus.core import NucleusMap, scheme
from napari_nucleus.graph import build_graph


def test_probabilities_go_from_dark_to_light():
    drawn = picture_probability(np.linspace(0, 1, 11, dtype=np.float32)[None])
    assert drawn.shape == (1, 11, 3)
    brightness = drawn.sum(-1, dtype=int)[0]
    assert (np.diff(brightness) > 0).all()


def test_signed_values_are_blue_white_and_red():
    minus, zero, plus = picture_signed(np.array([[-1, 0, 1]], np.float32))[0].astype(int)
    assert minus[2] > minus[0]
    assert zero.tolist() == [255, 255, 255]
    assert plus[0] > plus[2]


def test_a_certain_class_has_its_colour_and_background_is_white():
    kinds = scheme("consep")
    prob = np.zeros((1 + len(kinds), 1, 2), np.float32)
    prob[0, 0, 0] = prob[3, 0, 1] = 1
    background, epithelial = picture_types(prob, kinds)[0]
    assert background.tolist() == [255, 255, 255]
    assert bytes(epithelial).hex() == kinds.colors[2].removeprefix("#").lower()


@pytest.mark.parametrize("names", [[], ["epithelial"], ["epithelial", "inflammatory", "unknown"]])
def test_each_nucleus_is_a_dot_in_the_colour_of_its_class(names):
    labels = np.zeros((60, 90), np.int32)
    for i in range(len(names)):
        labels[25:36, 10 + 30 * i : 21 + 30 * i] = 7 * (i + 1)
    kinds = scheme("consep")
    class_of = {7 * (i + 1): kinds.number_of(name) for i, name in enumerate(names)}
    nuclei = NucleusMap.from_labels(labels, classes=kinds, class_of=class_of)
    tissue = np.full((60, 90, 3), 200, np.uint8)

    drawn = picture_graph(tissue, nuclei, build_graph(nuclei))

    assert (tissue == 200).all()
    colors = ["#000000", *kinds.colors]
    for i, name in enumerate(names):
        assert "#" + bytes(drawn[30, 15 + 30 * i]).hex().upper() == colors[kinds.number_of(name)]
