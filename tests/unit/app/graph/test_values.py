import numpy as np
import pandas as pd
import pytest

from napari_nucleus.app.graph.coloring import scheme_of
from napari_nucleus.app.graph.values import spanned, uncertainty
from napari_nucleus.app.graph.words import names_in
from napari_nucleus.core import SCHEMES


def test_uncertainty_is_0_where_one_class_is_sure_and_1_where_all_are_alike():
    values = uncertainty(pd.DataFrame([[1.0, 0, 0], [0.2, 0.2, 0.2], [0, 0, 0], [np.nan] * 3]))
    np.testing.assert_allclose(values.numbers, [0, 1, np.nan, np.nan])


def test_colours_span_all_but_outliers():
    values = spanned("area", np.array([*np.arange(1000.0), 1e9, np.nan]))
    assert 0 < values.low < 20
    assert 980 < values.high < 1010
    assert (spanned("none", np.array([np.nan])).low, spanned("none", np.empty(0)).high) == (0.0, 1.0)


@pytest.mark.parametrize(("text", "names"), [("", []), (" , ,", []), ("a,  b c ,", ["a", "b c"])])
def test_names_in_a_line(text, names):
    assert names_in(text) == names


def test_names_keep_the_colours_of_their_classes_and_others_differ():
    own = SCHEMES["consep"]
    scheme = scheme_of(["tumour", "epithelial", "fat", "other"], own)
    colors = dict(zip(scheme.classes, scheme.colors, strict=True))
    assert colors["epithelial"] == own.colors[own.number_of("epithelial") - 1]
    assert len(set(scheme.colors)) == 4
    assert scheme_of(own.classes, own) is own
    assert len(scheme_of([f"c{i}" for i in range(30)], own)) == 30
    assert len(scheme_of([], own)) == 0
