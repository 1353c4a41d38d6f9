import numpy as np
import pandas as pd
import pytest

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph import describe, morphology
from napari_nucleus.io.samples import consep_tile


def shape(**changes):
    row = {"diameter_um": 4.0, "axis_ratio": 0.95, "fill": 1.0, "y_rel": 0.5, "x_rel": 0.5}
    return pd.DataFrame([row | changes])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "a label of round cell nucleus located at centre with medium diameter"),
        ({"axis_ratio": 0.7}, "a label of oval cell nucleus located at centre with medium diameter"),
        ({"axis_ratio": 0.3}, "a label of elongated cell nucleus located at centre with medium diameter"),
        ({"fill": 0.8}, "a label of irregular cell nucleus located at centre with medium diameter"),
        ({"diameter_um": 3.4}, "a label of round cell nucleus located at centre with small diameter"),
        ({"diameter_um": 5.0}, "a label of round cell nucleus located at centre with large diameter"),
        ({"y_rel": 0.0, "x_rel": 1.0}, "a label of round cell nucleus located at top right with medium diameter"),
        ({"y_rel": 0.9}, "a label of round cell nucleus located at bottom with medium diameter"),
    ],
)
def test_the_paper_s_sentence(changes, sentence):
    assert describe(shape(**changes)) == [sentence]


def test_real_nuclei_use_every_word_for_size_and_shape():
    shapes = morphology(consep_tile()[1])
    sentences = describe(shapes)
    assert len(sentences) == len(shapes)
    words = {word for sentence in sentences for word in sentence.split()}
    assert {"round", "oval", "elongated", "irregular", "small", "medium", "large"} <= words
    assert len(set(sentences)) <= 108


def test_no_nuclei():
    assert describe(shape().iloc[:0]) == []
    assert describe(morphology(NucleusMap.from_labels(np.zeros((5, 5), np.int32)))) == []


def rich(**changes):
    row = {"haematoxylin": 0.5, "haematoxylin_contrast": 0.1, "neighbours": 3, "class": "epithelial"}
    return shape(**row | changes)


def test_the_richer_sentence():
    assert describe(rich(), "rich") == [
        "a medium, round, dark epithelial nucleus with coarse chromatin, isolated, at the centre"
    ]
    assert describe(rich(), "rich", position=False)[0].endswith(", isolated")


def test_what_is_not_known_is_not_said():
    assert describe(rich(**{"class": "unknown"}), "rich")[0].startswith("a medium, round, dark nucleus")
    plain = rich().drop(columns=["haematoxylin", "haematoxylin_contrast", "class"])
    assert describe(plain, "rich", position=False) == ["a medium, round nucleus, isolated"]


def test_the_paper_s_sentence_without_position():
    assert describe(shape(), position=False) == ["a label of round cell nucleus with medium diameter"]


@pytest.mark.parametrize("style", ["guan", "rich"])
def test_no_nuclei_in_any_style(style):
    nothing = NucleusMap.from_labels(np.zeros((5, 5), np.int32))
    assert describe(morphology(nothing, np.zeros((5, 5, 3), np.uint8)), style) == []


def test_an_unknown_style_is_refused():
    with pytest.raises(NucleusError, match="style out of guan, rich"):
        describe(shape(), "short")
