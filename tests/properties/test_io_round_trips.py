import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shapely.geometry import shape as as_shape

from napari_nucleus.core import ClassScheme, NucleusMap
from napari_nucleus.io import read_csv, read_geojson, read_labels, write_csv, write_geojson, write_labels

# Few labels with gaps on a small plane: nuclei touch, lie in pieces, have holes and meet at corners all the time.
planes = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda size: arrays(np.int32, size, elements=st.sampled_from([0, 0, 1, 2, 7, 70_000]))
)
names = st.lists(st.text("abc ,\"'é-", min_size=1).map(str.strip).filter(bool), min_size=1, max_size=3, unique=True)


@st.composite
def nucleus_maps(draw) -> NucleusMap:
    labels, classes = draw(planes), draw(names)
    kinds = ClassScheme("drawn", tuple(classes), tuple(f"#00{i:02X}FF" for i in range(len(classes))))
    mpp = draw(st.floats(0.06, 19))
    class_of = {label: draw(st.integers(0, len(kinds))) for label in (1, 2, 7, 70_000)}
    prob = None
    if draw(st.booleans()):
        prob = np.random.default_rng(draw(st.integers(0, 99))).dirichlet(np.ones(1 + len(kinds)), labels.shape)
        prob = np.moveaxis(prob, -1, 0)
    return NucleusMap.from_labels(labels, mpp=mpp, classes=kinds, class_of=class_of, type_prob=prob)


def _through(write, read, nuclei, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        write(path, nuclei)
        return read(path)


@given(nucleus_maps())
@settings(deadline=None)
def test_labels(nuclei):
    labels, mpp = _through(write_labels, read_labels, nuclei, ".tif")
    np.testing.assert_array_equal(labels, nuclei.labels)
    np.testing.assert_allclose(mpp, nuclei.mpp, rtol=1e-6)


@given(nucleus_maps())
@settings(deadline=None)
def test_csv(nuclei):
    pd.testing.assert_frame_equal(_through(write_csv, read_csv, nuclei, ".csv"), nuclei.table)


@given(nucleus_maps())
@settings(deadline=None, max_examples=200)
def test_geojson(nuclei):
    read = _through(write_geojson, read_geojson, nuclei, ".geojson")
    np.testing.assert_array_equal(read.labels, nuclei.labels)
    pd.testing.assert_frame_equal(read.table, nuclei.table)
    assert (read.mpp, read.scheme) == (nuclei.mpp, nuclei.scheme)


@given(planes)
@settings(deadline=None, max_examples=300)
def test_geojson_is_valid_and_covers_exactly_the_pixels(labels):
    nuclei = NucleusMap.from_labels(labels)
    written = _through(write_geojson, lambda path: json.loads(path.read_text(encoding="utf-8")), nuclei, ".geojson")
    assert [feature["properties"]["label"] for feature in written["features"]] == nuclei.table["label"].tolist()
    for feature in written["features"]:
        geometry = as_shape(feature["geometry"])
        assert geometry.is_valid  # QuPath 0.6 refuses the whole file otherwise
        assert geometry.area == (labels == feature["properties"]["label"]).sum()
