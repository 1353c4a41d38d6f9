import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from napari_nucleus.cli import app
from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io import write_csv, write_geojson, write_labels


def nuclei(*kinds, mpp=0.5):
    """Squares from left to right on 40 × 100 pixels, of the given classes of PanNuke."""
    labels = np.zeros((40, 100), np.int32)
    for label in range(1, len(kinds) + 1):
        labels[4:12, 20 * label - 16 : 20 * label - 8] = label
    return NucleusMap.from_labels(labels, mpp=mpp, classes="pannuke", class_of=dict(enumerate(kinds, 1)))


@pytest.fixture
def folder(tmp_path):
    """The outlines of two images, and an overlay that is none of the matter."""
    folder = tmp_path / "results"
    folder.mkdir()
    for name, found in {"b": nuclei(1, 2, 2, 1), "a": nuclei(1, 1, 5, 3, 0)}.items():
        write_geojson(folder / f"{name}.geojson", found)
    (folder / "a.overlay.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def left(tmp_path):
    """A GeoJSON file with one region: the first 40 columns."""
    ring = [[0, 0], [40, 0], [40, 40], [0, 40], [0, 0]]
    feature = {"geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"name": "left"}}
    path = tmp_path / "left.geojson"
    path.write_text(json.dumps({"features": [feature]}))
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["composition", *map(str, arguments)])


def test_one_image_as_segment_writes_it(tmp_path):
    write_labels(tmp_path / "a.labels.tif", nuclei(1, 1, 5, 3, 2))
    found = nuclei(1, 1, 5, 3, 2)
    for name in found.scheme.classes:
        found.table[f"p_{name}"] = 0.2
    write_csv(tmp_path / "a.nuclei.csv", found)
    result = run(tmp_path / "a.labels.tif")
    assert result.exit_code == 0, result.output
    head, row = result.stdout.rstrip().split("\n")
    assert head.split()[:4] == ["image", "mm²", "nuclei", "per"]
    assert row.split()[:4] == ["a", "0.001", "5", "5,000"]
    assert "40.0 %" in row
    assert "pixel size 0.5 µm" in result.stderr


def test_a_folder_has_a_row_an_image_and_one_for_all(folder, tmp_path):
    result = run(folder, "--csv", tmp_path / "out.csv")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["image"].tolist() == ["a", "b", "all"]
    assert table["nuclei"].tolist() == [5, 4, 9]
    assert table["tumor_burden"].tolist() == pytest.approx([2 / 5, 2 / 4, 4 / 9])
    assert table["area_mm2"].tolist() == pytest.approx([0.001, 0.001, 0.002])
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["image", "a", "b", "all"]


def test_regions_of_one_image_and_of_a_folder(folder, left, tmp_path):
    table = tmp_path / "out.csv"
    assert run(folder / "a.geojson", "--regions", left, "--csv", table).exit_code == 0
    assert pd.read_csv(table).set_index("region")["nuclei"].to_dict() == {"whole image": 5, "left": 2}

    labels = np.zeros((40, 100), np.uint8)
    labels[:, :40] = 7
    np.save(tmp_path / "regions.npy", labels)
    assert run(folder / "a.geojson", "--regions", tmp_path / "regions.npy", "--csv", table).exit_code == 0
    assert pd.read_csv(table)["region"].tolist() == ["whole image", "7"]

    regions = tmp_path / "regions"
    regions.mkdir()
    left.rename(regions / "a.geojson")
    result = run(folder, "--regions", regions, "--csv", table)
    assert pd.read_csv(table)["region"].tolist() == ["whole image", "left", "whole image", "whole image", "left"]
    assert "no regions of b" in result.stderr


def test_pixel_size_and_classes_can_be_given(tmp_path):
    found = nuclei(1, 2)
    np.savez(tmp_path / "a.npz", inst=found.labels, type=found.type_map())
    assert run(tmp_path / "a.npz", "--mpp", 1, "--classes", "pannuke", "--csv", tmp_path / "out.csv").exit_code == 0
    row = pd.read_csv(tmp_path / "out.csv").iloc[0]
    assert row[["area_mm2", "n_neoplastic", "tumor_burden"]].tolist() == pytest.approx([0.004, 1, 0.5])


def test_mistakes_are_one_line(folder, left, tmp_path):
    for arguments, message in [
        ([tmp_path / "none"], "nothing of that name"),
        ([folder, "--regions", left], "folder with the regions of each image"),
        ([folder / "a.geojson", "--regions", tmp_path / "none.geojson"], "got nothing of that name"),
        ([folder / "a.geojson", "--classes", "none"], "class scheme"),
        ([folder / "a.geojson", "--mpp", "-1"], "pixel size"),
        ([folder / "a.geojson", "--csv", tmp_path / "none" / "a.csv"], "place to write"),
    ]:
        result = run(*arguments)
        assert isinstance(result.exception, NucleusError), result.output
        assert message in str(result.exception)
        assert "\n" not in str(result.exception)
