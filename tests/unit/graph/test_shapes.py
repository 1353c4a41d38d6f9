import numpy as np
import pytest
from skimage.draw import ellipse
from skimage.measure import regionprops

from napari_nucleus.core import NucleusMap
from napari_nucleus.graph import nucleus_shapes
from napari_nucleus.io.samples import consep_tile


@pytest.fixture(scope="module")
def tile():
    return consep_tile()[1]


def test_as_scikit_image_measures_real_nuclei(tile):
    ours = nucleus_shapes(tile).set_index("label")
    regions = regionprops(tile.labels)
    theirs = {r.label: r for r in regions}
    assert list(ours.index) == list(tile.table["label"])
    for label, row in ours.iterrows():
        r = theirs[label]
        assert row["diameter_um"] == pytest.approx(r.equivalent_diameter_area * 0.25)
        # Theirs are moments of points, ours of square pixels.
        minor, major = (axis**2 / 16 + 1 / 12 for axis in (r.axis_minor_length, r.axis_major_length))
        assert row["axis_ratio"] == pytest.approx(np.sqrt(minor / major))
        assert row["y_rel"] == pytest.approx((r.centroid[0] + 0.5) / 1000)
        assert row["x_rel"] == pytest.approx((r.centroid[1] + 0.5) / 1000)


def test_an_ellipse_fills_itself_and_a_notched_one_does_not():
    labels = np.zeros((80, 160), np.int32)
    labels[ellipse(40, 40, 30, 20)] = 1
    labels[ellipse(40, 120, 30, 20)] = 2
    labels[ellipse(40, 140, 12, 19)] = 0
    fill = nucleus_shapes(NucleusMap.from_labels(labels))["fill"]
    assert fill[0] == pytest.approx(1, abs=0.01)
    assert fill[1] < 0.9


def test_a_pixel_and_nothing():
    labels = np.zeros((9, 9), np.int32)
    assert len(nucleus_shapes(NucleusMap.from_labels(labels))) == 0
    labels[4, 4] = 3
    row = nucleus_shapes(NucleusMap.from_labels(labels)).iloc[0]
    assert row["axis_ratio"] == 1
    assert (row["y_rel"], row["x_rel"]) == (0.5, 0.5)
