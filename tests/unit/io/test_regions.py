import json

import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.io import read_regions, write_geojson
from napari_nucleus.io.samples import consep_tile

SQUARE = [[10, 20], [30, 20], [30, 60], [10, 60], [10, 20]]  # x, y
HOLE = [[12, 22], [14, 22], [14, 24], [12, 22]]


def feature(coordinates=(SQUARE,), kind="Polygon", **properties):
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


@pytest.fixture
def write(tmp_path):
    def written(content, name="a.geojson"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return written


def test_annotations_as_qupath_exports_them(write):
    tumor = {"objectType": "annotation", "classification": {"name": "Tumor", "color": [200, 0, 0]}}
    derived = {"objectType": "annotation", "classification": {"names": ["Immune", "CD3"], "color": [0, 0, 0]}}
    features = [
        feature([SQUARE, HOLE], **tumor),
        feature([[SQUARE], [HOLE]], "MultiPolygon", **tumor),
        feature(**tumor, name="Invasive front "),
        feature(**derived),
        feature(),
        feature(objectType="cell"),
        feature(objectType="detection"),
        feature([3, 4], "Point", name="a point"),
        feature([[3, 4], [5, 6]], "LineString"),
    ]
    found = read_regions(write({"type": "FeatureCollection", "features": features}))
    assert list(found) == ["Tumor", "Tumor 2", "Invasive front", "Immune: CD3", "region"]
    assert [len(rings) for rings in found.values()] == [2, 2, 1, 1, 1]
    np.testing.assert_array_equal(found["Tumor"][0][0], (19.5, 9.5))  # y, x; the pixel's corner


@pytest.mark.parametrize("wrap", [lambda f: f, lambda f: [f], lambda f: {"features": [f]}])
def test_a_feature_alone_and_lists_of_features(write, wrap):
    assert list(read_regions(write(wrap(feature(name="a")), "a.json"))) == ["a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("not json", "broken"),
        ("3", "broken"),
        ('"text"', "broken"),
        ("[" * 100_000, "broken"),
        ("{}", "areas, got none"),
        ([feature(objectType="cell")], "Export annotations, not cells"),
        ([feature([[[0, 1], [float("nan"), 1], [2, 2]]])], "x and y in pixels"),
        ([feature([[[0, 1], [1e300, 1], [2, 2]]])], "x and y in pixels"),
        ([feature([[1, 2, 3]])], "x and y in pixels"),
        ([feature([[["a", "b"], [1, 2], [3, 4]]])], "broken"),
        ([feature([[[0, 1], [1]]])], "broken"),
        ([feature([[{}]])], "broken"),
        ([feature(classification=["Tumor"])], "broken"),
        ([{"geometry": []}], "areas, got none"),
        ([3], "broken"),
    ],
)
def test_what_is_no_region_is_one_line_that_names_the_file(write, content, message):
    path = write(content)
    with pytest.raises(NucleusError, match=message) as error:
        read_regions(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_nuclei_are_no_regions(tmp_path):
    write_geojson(tmp_path / "a.geojson", consep_tile()[1])
    with pytest.raises(NucleusError, match="Export annotations"):
        read_regions(tmp_path / "a.geojson")
    (tmp_path / "b.tif").touch()
    with pytest.raises(NucleusError, match=r"\.geojson, \.json"):
        read_regions(tmp_path / "b.tif")
