import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.training.augment import Stains, macenko_normalise, stains_of

VECTORS = np.array([[0.65, 0.70, 0.29], [0.27, 0.85, 0.45]])
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)


def stained(vectors, seed=0, scale=1.0):
    """An image of known stains: some pixels of one, some of the other, most of both, a fifth glass."""
    rng = np.random.default_rng(seed)
    amounts = rng.uniform(0.1, 1.2, (64 * 64, 2)) * scale
    amounts[:400, 0] = 0
    amounts[400:800, 1] = 0
    amounts[-800:] = 0
    return np.rint(255 * np.exp(-amounts @ vectors)).astype(np.uint8).reshape(64, 64, 3)


def angle(a, b):
    return np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1)))


def test_finds_the_stains_that_were_put_in():
    found = stains_of(stained(VECTORS))
    assert all(angle(*pair) < 2 for pair in zip(found.vectors, VECTORS, strict=True))
    np.testing.assert_allclose(found.strength, 1.2, rtol=0.06)


def test_another_staining_becomes_like_the_wanted_one():
    wanted = Stains(VECTORS, np.array([1.2, 1.2]))
    other = np.array([[0.55, 0.75, 0.36], [0.10, 0.95, 0.25]])
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    pale = stained(other, scale=0.6)
    normalised = macenko_normalise(pale, wanted)
    target = stained(VECTORS)
    assert np.abs(normalised.astype(int) - target).mean() < 4
    assert np.abs(pale.astype(int) - target).mean() > 20


def test_an_image_in_its_own_stains_stays_as_it_is(tile):
    image, _ = tile
    again = macenko_normalise(image, stains_of(image))
    # What neither stain explains is lost.
    assert np.abs(again.astype(int) - image).mean() < 8


def test_real_tissue_takes_on_the_stains(tile):
    found = stains_of(macenko_normalise(tile[0], Stains(VECTORS, np.array([1.5, 1.0]))))
    assert all(angle(*pair) < 5 for pair in zip(found.vectors, VECTORS, strict=True))
    np.testing.assert_allclose(found.strength, [1.5, 1.0], rtol=0.1)


def test_white_stays_white():
    assert (macenko_normalise(stained(VECTORS)).reshape(-1, 3)[-800:] == 255).all()


@pytest.mark.parametrize("value", [255, 240, 0, 128])
def test_nothing_to_go_by_leaves_the_image_as_it_is(value):
    image = np.full((32, 32, 3), value, np.uint8)
    assert macenko_normalise(image) is image


def test_too_little_tissue_leaves_the_image_as_it_is():
    image = np.full((64, 64, 3), 245, np.uint8)
    image[:10, :10] = stained(VECTORS)[:10, :10]  # 2.4 %
    assert macenko_normalise(image) is image


def test_a_single_stain_leaves_the_image_as_it_is():
    image = stained(VECTORS[[0, 0]])
    assert macenko_normalise(image) is image


@pytest.mark.parametrize("image", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3))])
def test_other_images_are_refused(image):
    with pytest.raises(NucleusError, match="uint8"):
        macenko_normalise(image)
