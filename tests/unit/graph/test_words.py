import numpy as np
import pandas as pd
import pytest

from napari_nucleus.graph.traits import TRAITS, fits, traits
from napari_nucleus.graph.words import DENT, SCALES, SIZE, shapes

VALUES = np.linspace(-1, 80, 500)


def measured(**columns):
    plain = {"diameter_um": 4.0, "axis_ratio": 0.9, "fill": 1.0, "haematoxylin": 0.3, "haematoxylin_contrast": 0.05}
    return pd.DataFrame([plain | columns])


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.column)
def test_the_word_that_is_said_is_the_one_that_fits_best(scale):
    table = pd.DataFrame({scale.column: VALUES})
    best = np.argmax([scale.fit(table, word) for word in scale.words], axis=0)
    assert (np.array(scale.words)[best] == scale.read(table)).mean() > 0.99


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.column)
def test_on_its_edge_a_word_half_fits(scale):
    table = pd.DataFrame({scale.column: [scale.edges[0]]})
    assert scale.fit(table, scale.words[0]) == pytest.approx([0.5])
    assert scale.fit(table, scale.words[1])[0] == pytest.approx(0.5)


def test_what_was_not_measured_fits_nothing():
    assert SIZE.fit(pd.DataFrame({"diameter_um": [np.nan]}), "small").tolist() == [0.0]


def test_dents_go_before_axes():
    assert shapes(measured(fill=0.8, axis_ratio=0.3)).tolist() == ["irregular"]
    assert DENT.read(measured(fill=0.95)).tolist() == ["regular"]


def test_traits_are_numbers_of_words():
    found = traits(measured(haematoxylin=0.6))
    words = [names[number] for names, number in zip(TRAITS.values(), found[0], strict=True)]
    assert words == ["medium", "round", "dark", "even"]
    assert fits(found, ["medium", "dark"]).all()
    assert not fits(found, ["medium", "pale"]).any()
    assert fits(found, []).all()
