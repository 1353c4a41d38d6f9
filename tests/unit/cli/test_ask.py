import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from napari_nucleus.cli import app
from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io import write_labels
from napari_nucleus.io.raster import write_png


@pytest.fixture
def picture(tmp_path):
    labels = np.zeros((120, 120), np.int32)
    for label, (y, x, height, width) in enumerate([(10, 10, 8, 8), (40, 40, 30, 30), (90, 20, 4, 40)], 1):
        labels[y : y + height, x : x + width] = label
    image = np.full((120, 120, 3), 230, np.uint8)
    image[labels > 0] = (90, 50, 140)
    write_png(tmp_path / "tile.png", image)
    write_labels(tmp_path / "tile.labels.tif", NucleusMap.from_labels(labels))
    return tmp_path


def ask(folder, *words):
    arguments = [str(folder / "tile.png"), *map(str, words), "--nuclei", str(folder / "tile.labels.tif")]
    return CliRunner().invoke(app, ["ask", *arguments, "--device", "cpu"])


def test_the_best_are_printed_and_all_are_written(picture):
    result = ask(picture, "large nucleus", "--top", 1, "--csv", picture / "found.csv")
    assert result.exit_code == 0, result.output
    assert "a large, round" in result.output
    found = pd.read_csv(picture / "found.csv")
    assert len(found) == 3
    assert found["label"].iloc[0] == 2
    assert found["score"].is_monotonic_decreasing


def test_mistakes_are_one_line(picture):
    result = ask(picture, "?")
    assert isinstance(result.exception, NucleusError)
    result = ask(picture, "large nucleus", "--clip", "nothing")
    assert "Expected a CLIP" in str(result.exception)
