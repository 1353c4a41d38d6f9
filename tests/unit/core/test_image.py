import numpy as np
import pytest

from napari_nucleus.core import Image, NucleusError

PIXELS = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


def test_region_is_cut_at_the_border():
    image = Image((PIXELS,), mpp=0.5)
    assert image.shape == (5, 7)
    np.testing.assert_array_equal(image.region(3, 5, 10, 10), PIXELS[3:, 5:])
    np.testing.assert_array_equal(image.array, PIXELS)


def test_another_pixel_size():
    assert Image((PIXELS,)).with_mpp(0.3).mpp == 0.3
    assert Image((PIXELS,), mpp=0.5).with_mpp(None).mpp == 0.5


@pytest.mark.parametrize("mpp", [0, -1, float("nan"), float("inf"), 1e6])
def test_pixel_sizes_that_cannot_be(mpp):
    with pytest.raises(NucleusError, match=r"between 0\.01 and 100"):
        Image((PIXELS,), mpp=mpp)


@pytest.mark.parametrize("pixels", [PIXELS[..., 0], PIXELS.astype(float), PIXELS[:0], PIXELS[..., :2]])
def test_pixels_that_are_no_image(pixels):
    with pytest.raises(NucleusError, match="RGB image"):
        Image((pixels,))
