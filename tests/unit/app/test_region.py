import numpy as np
import pytest

from napari_nucleus.app.region import Region
from napari_nucleus.core import NucleusError, NucleusMap


def test_whole_image():
    assert Region.whole((30, 40)).box == (0, 0, 30, 40)


def test_a_view_is_cut_at_the_border():
    assert Region.between((-5.5, 10.2), (12.1, 99), (30, 40)).box == (0, 10, 13, 30)


def test_beside_the_image_is_refused():
    with pytest.raises(NucleusError, match="beside it"):
        Region.between((0, 50), (10, 60), (30, 40))


def test_no_shapes_are_refused():
    with pytest.raises(NucleusError, match="Draw one in a Shapes layer"):
        Region.around([], (30, 40))


def test_nuclei_outside_the_shapes_are_dropped():
    triangle = np.array([[10.0, 10], [10, 30], [30, 10]])
    region = Region.around([triangle], (50, 50))
    labels = np.zeros((region.height, region.width), np.int32)
    labels[2:5, 2:5], labels[15:18, 15:18] = 3, 8  # inside; in the box, beyond the long side
    nuclei = NucleusMap.from_labels(labels, classes="consep")

    kept = region.keep(nuclei)

    assert region.box == (10, 10, 20, 20)
    assert kept.table["label"].tolist() == [3]
    assert set(np.unique(kept.labels)) == {0, 3}


def test_without_shapes_all_nuclei_stay():
    nuclei = NucleusMap.from_labels(np.eye(4, dtype=int))

    assert Region.whole((4, 4)).keep(nuclei) is nuclei
