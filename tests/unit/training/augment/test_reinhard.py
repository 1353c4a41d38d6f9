import math

import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.training.augment import ColourStatistics, colours_of, reinhard_normalise


def lab_by_hand(r, g, b):
    """Reinhard et al. 2001, eq. 4 to 6, number by number."""
    r, g, b = (max(v, 1) / 255 for v in (r, g, b))
    l_cone = math.log10(0.3811 * r + 0.5783 * g + 0.0402 * b)
    m_cone = math.log10(0.1967 * r + 0.7244 * g + 0.0782 * b)
    s_cone = math.log10(0.0241 * r + 0.1288 * g + 0.8444 * b)
    return (
        (l_cone + m_cone + s_cone) / math.sqrt(3),
        (l_cone + m_cone - 2 * s_cone) / math.sqrt(6),
        (l_cone - m_cone) / math.sqrt(2),
    )


@pytest.fixture
def tissue():
    return np.random.default_rng(0).integers(70, 190, (24, 24, 3), np.uint8)


def test_statistics_against_the_equations(tissue):
    lab = np.array([lab_by_hand(*map(int, pixel)) for pixel in tissue.reshape(-1, 3)])
    found = colours_of(tissue)
    np.testing.assert_allclose(found.mean, lab.mean(0), atol=1e-4)
    np.testing.assert_allclose(found.spread, lab.std(0), atol=1e-4)


def test_takes_on_mean_and_spread(tissue):
    wanted = ColourStatistics(np.array([-0.5, -0.03, 0.01]), np.array([0.1, 0.04, 0.008]))
    found = colours_of(reinhard_normalise(tissue, wanted))
    np.testing.assert_allclose(found.mean, wanted.mean, atol=0.01)
    np.testing.assert_allclose(found.spread, wanted.spread, atol=0.01)


def test_an_image_in_its_own_colours_stays_as_it_is(tile):
    image, _ = tile
    assert np.abs(reinhard_normalise(image, colours_of(image)).astype(int) - image).max() <= 1


def test_glass_stays_glass(tile):
    image = tile[0].copy()
    image[:40] = 255
    assert (reinhard_normalise(image)[:40] == 255).all()


@pytest.mark.parametrize("value", [255, 240])
def test_too_little_tissue_leaves_the_image_as_it_is(value, tissue):
    image = np.full((128, 128, 3), value, np.uint8)
    assert reinhard_normalise(image) is image
    image[:24, :24] = tissue  # 3.5 %
    assert reinhard_normalise(image) is image


def test_an_even_surface_gives_numbers():
    assert reinhard_normalise(np.full((16, 16, 3), 100, np.uint8)).shape == (16, 16, 3)


def test_other_images_are_refused():
    with pytest.raises(NucleusError, match="uint8"):
        reinhard_normalise(np.zeros((8, 8, 3)))
