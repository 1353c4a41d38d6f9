"""The watershed in bands against the watershed of the whole image."""

import cv2
import numpy as np
import pytest
from skimage.segmentation import watershed

from napari_nucleus.postprocess import flood as module
from napari_nucleus.postprocess.flood import flood
from napari_nucleus.postprocess.regions import components


@pytest.mark.parametrize("cover", [0.45, 0.6, 1.0])
@pytest.mark.parametrize("at_once", [900, 1_000_000])
def test_equal_to_the_whole_watershed(cover, at_once, monkeypatch):
    monkeypatch.setattr(module, "_PIXELS_AT_ONCE", at_once)
    rng = np.random.default_rng(3)
    relief = cv2.GaussianBlur(rng.random((120, 90), np.float32), (0, 0), 3)
    mask = (relief <= np.quantile(relief, cover)).astype(np.uint8)
    energy = cv2.GaussianBlur(rng.random(mask.shape, np.float32), (0, 0), 1.5)
    markers = components(mask & (energy < np.quantile(energy, 0.3)).astype(np.uint8))
    assert np.array_equal(flood(energy, markers, mask), watershed(energy, markers, mask=mask))


def test_parts_without_marker_stay_empty():
    mask = np.zeros((9, 9), np.uint8)
    mask[1:3], mask[5:8] = 1, 1
    markers = np.zeros((9, 9), np.int32)
    markers[6, 4] = 7
    assert np.array_equal(flood(np.zeros((9, 9), np.float32), markers, mask), 7 * (mask * (np.arange(9) > 4)[:, None]))
