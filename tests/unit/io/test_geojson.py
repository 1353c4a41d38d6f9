import json
import uuid

import numpy as np
import pytest

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io import read_geojson, write_geojson


@pytest.fixture
def nuclei() -> NucleusMap:
    labels = np.zeros((20, 30), np.int32)
    labels[2:8, 3:9] = 4
    labels[4, 5] = 0
    labels[2:8, 9:14] = 7
    labels[12, 12] = labels[13, 13] = 9
    prob = np.random.default_rng(0).dirichlet(np.ones(5), (20, 30)).transpose(2, 0, 1)
    kinds = {4: 1, 7: 3}
    return NucleusMap.from_labels(labels, mpp=0.3, classes="consep", class_of=kinds, type_prob=prob)


def test_what_qupath_reads(nuclei, tmp_path):
    write_geojson(tmp_path / "a.geojson", nuclei)
    content = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    assert content["type"] == "FeatureCollection"
    first, second, third = content["features"]
    assert first["type"] == "Feature"
    assert uuid.UUID(first["id"])
    assert first["geometry"]["type"] == "Polygon"
    assert len(first["geometry"]["coordinates"]) == 2
    assert third["geometry"]["type"] == "MultiPolygon"
    assert first["properties"]["objectType"] == "detection"
    assert second["properties"]["classification"] == {"name": "epithelial", "color": [213, 94, 0]}
    assert "classification" not in third["properties"]
    measurements = second["properties"]["measurements"]
    assert measurements["Area µm^2"] == pytest.approx(30 * 0.09)
    assert set(measurements) == {"Area µm^2", "p_other", "p_inflammatory", "p_epithelial", "p_spindle-shaped"}
    assert all(type(value) is float for value in measurements.values())


def test_ids_are_the_same_every_time(nuclei, tmp_path):
    write_geojson(tmp_path / "a.geojson", nuclei)
    write_geojson(tmp_path / "b.geojson", nuclei)
    assert (tmp_path / "a.geojson").read_bytes() == (tmp_path / "b.geojson").read_bytes()


def test_missing_measurements_are_left_out(nuclei, tmp_path):
    table = nuclei.table.assign(roundness=[np.nan, 0.5, np.inf])
    write_geojson(tmp_path / "a.geojson", NucleusMap(nuclei.labels, table, nuclei.mpp, nuclei.scheme))
    read = read_geojson(tmp_path / "a.geojson").table
    assert read["roundness"].isna().tolist() == [True, False, True]


def test_after_qupath_exported_it_again(nuclei, tmp_path):
    write_geojson(tmp_path / "a.geojson", nuclei)
    content = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    features = [_as_qupath_writes(feature) for feature in content["features"]]
    drawn = {"type": "Polygon", "coordinates": [[[20.2, 10.1], [25.9, 10.1], [25.9, 15.7], [20.2, 15.7], [20.2, 10.1]]]}
    derived = {"objectType": "annotation", "classification": {"names": ["Tumor", "Positive"]}}
    features.append({"type": "Feature", "geometry": drawn, "properties": {"objectType": "annotation"}})
    features.append({"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {}})
    (tmp_path / "b.geojson").write_text(json.dumps(features))
    read = read_geojson(tmp_path / "b.geojson", shape=(20, 30), mpp=0.3, classes="consep")
    expected = nuclei.labels.copy()
    expected[10:16, 20:26] = 10
    np.testing.assert_array_equal(read.labels, expected)
    assert read.table["class"].tolist() == ["other", "epithelial", "unknown", "unknown"]
    features[-2]["properties"] = derived
    (tmp_path / "b.geojson").write_text(json.dumps(features))
    guessed = read_geojson(tmp_path / "b.geojson", mpp=0.3)
    assert guessed.scheme.classes == ("other", "epithelial", "Tumor: Positive")
    assert guessed.scheme.colors == ("#999999", "#D55E00", "#999999")
    assert guessed.labels.shape == (16, 26)


def _as_qupath_writes(feature):
    properties = {k: v for k, v in feature["properties"].items() if k != "label"}
    return {**feature, "properties": properties}


def test_an_impossible_pixel_size_is_refused(nuclei, tmp_path):
    write_geojson(tmp_path / "a.geojson", nuclei)
    with pytest.raises(NucleusError, match="mpp"):
        read_geojson(tmp_path / "a.geojson", mpp=0)


def test_the_pixel_size_must_be_known(nuclei, tmp_path):
    (tmp_path / "a.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(NucleusError, match="mpp"):
        read_geojson(tmp_path / "a.geojson")
    assert len(read_geojson(tmp_path / "a.geojson", mpp=0.5, shape=(4, 4))) == 0


@pytest.mark.parametrize("content", ["{", "[1]", "hello", '{"features": [{"geometry": null}]}', "null"])
def test_other_files_are_refused(content, tmp_path):
    (tmp_path / "a.geojson").write_text(content)
    with pytest.raises(NucleusError, match=r"Expected .* File: "):
        read_geojson(tmp_path / "a.geojson", mpp=0.25)


def test_a_class_that_the_scheme_lacks(nuclei, tmp_path):
    write_geojson(tmp_path / "a.geojson", nuclei)
    with pytest.raises(NucleusError, match="msa3"):
        read_geojson(tmp_path / "a.geojson", classes="msa3")
