import pandas as pd
import pytest
from PIL import Image

from napari_nucleus.app.demo import demo_steps, write_demo
from napari_nucleus.core import drain


@pytest.fixture(scope="module")
def demo():
    return drain(demo_steps("cpu"))


def test_most_annotated_nuclei_are_found(demo):
    assert demo.evaluation.value("f_d") > 0.6
    assert demo.evaluation.value("pq") > 0.3
    assert len(demo.graph) >= 2.5 * len(demo.result.nuclei)


def test_counts_stand_beside_the_truth(demo):
    counts = demo.counts()
    assert list(counts.columns) == ["class", "annotated", "found"]
    assert counts["annotated"].sum() == len(demo.truth)
    assert counts["found"].sum() == len(demo.result.nuclei)


def test_tables_and_pictures_are_written(demo, tmp_path):
    written = write_demo(demo, tmp_path)
    assert {"labels", "csv", "geojson", "overlay", "graph", "NP", "HoVer H", "HoVer V", "type", "counts"} <= set(
        written
    )
    assert all(path.stat().st_size > 0 for path in written.values())
    assert len(pd.read_csv(written["csv"])) == len(demo.result.nuclei)
    for what in ("graph", "NP", "HoVer H", "HoVer V", "type"):
        with Image.open(written[what]) as picture:
            assert picture.size == demo.image.shape[::-1]
