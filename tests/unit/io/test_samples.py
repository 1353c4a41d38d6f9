from importlib.resources import files

import numpy as np
import pytest

from napari_nucleus.io.samples import consep_tile, slide_region


def test_the_tile_comes_with_its_truth():
    image, truth = consep_tile()
    assert image.shape == truth.labels.shape == (1000, 1000)
    assert image.mpp == truth.mpp == 0.25
    assert truth.scheme.name == "consep"
    assert truth.counts() == {"other": 0, "inflammatory": 298, "epithelial": 338, "spindle-shaped": 209}
    nuclei = truth.labels > 0
    assert image.array[nuclei].mean() < image.array[~nuclei].mean()  # haematoxylin is dark


def test_the_slide_region_is_lazy_and_has_levels():
    region = slide_region()
    assert region.mpp == pytest.approx(0.499, abs=1e-4)
    assert [level.shape for level in region.levels] == [(1152, 896, 3), (576, 448, 3)]
    assert not isinstance(region.levels[0], np.ndarray)
    assert 150 < region.array.mean() < 230


def test_samples_are_small_and_say_where_they_come_from():
    samples = [path for path in (files("napari_nucleus") / "samples").iterdir() if path.suffix != ".md"]
    sources = (files("napari_nucleus") / "samples" / "SOURCES.md").read_text("utf-8")
    assert sum(path.stat().st_size for path in samples) < 1.2e6
    assert all(path.name in sources for path in samples)
