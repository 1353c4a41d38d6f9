import numpy as np
import pytest

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.models.nucleus_windows import nucleus_windows


@pytest.fixture
def tissue():
    return np.random.default_rng(0).integers(0, 255, (150, 160, 3), np.uint8)


def nuclei(*boxes, mpp=0.25, labels=(40, 7, 900)):
    found = np.zeros((150, 160), np.int32)
    for label, (y, x, height, width) in zip(labels, boxes, strict=False):
        found[y : y + height, x : x + width] = label
    return NucleusMap.from_labels(found, mpp=mpp)


def test_the_nucleus_is_in_the_middle_as_it_is_and_its_surroundings_are_faded(tissue):
    window = nucleus_windows(tissue, nuclei((60, 70, 20, 10)))[0]
    assert window.shape == (64, 64, 3)
    assert np.array_equal(window[22:42, 27:37], tissue[60:80, 70:80])
    around = window[:20].astype(int)
    assert np.abs(around - (255 - (255 - tissue[38:58, 43:107].astype(int)) // 2)).max() <= 1


def test_beyond_the_image_it_is_white(tissue):
    window = nucleus_windows(tissue, nuclei((0, 0, 10, 10)))[0]
    assert (window[:27] == 255).all()
    assert (window[:, :27] == 255).all()


def test_size_is_seen_at_any_pixel_size(tissue):
    white = np.full_like(tissue, 255)
    for mpp, side in ((0.25, 40), (0.5, 20)):
        image = white.copy()
        image[50 : 50 + side, 50 : 50 + side] = 0
        window = nucleus_windows(image, nuclei((50, 50, side, side), mpp=mpp))[0]
        assert (window[..., 0] < 128).sum() == pytest.approx(1600, rel=0.1)


def test_windows_follow_the_table(tissue):
    both = nuclei((20, 20, 20, 20), (90, 100, 12, 20))
    for window, label in zip(nucleus_windows(tissue, both), both.table["label"], strict=True):
        y, x = np.argwhere(both.labels == label).min(0)
        height, width = np.argwhere(both.labels == label).max(0) + 1 - (y, x)
        assert np.array_equal(window, nucleus_windows(tissue, nuclei((y, x, height, width)))[0])


def test_no_nuclei_and_another_image(tissue):
    assert nucleus_windows(tissue, nuclei()).shape == (0, 64, 64, 3)
    with pytest.raises(NucleusError, match="Expected an RGB image"):
        nucleus_windows(tissue[:-1], nuclei())
