import cv2
import numpy as np
import pytest

from napari_nucleus.training.augment import blur_once, soften


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (33, 47, 3), np.uint8)


def roughness(image):
    return np.diff(image.astype(int), axis=0).std()


def test_soften_keeps_size_and_lowers_sharpness(image):
    rng = np.random.default_rng(0)
    softened = [soften(image, rng, chance=1.0) for _ in range(5)]
    assert {s.shape for s in softened} == {image.shape}
    assert all(roughness(s) < roughness(image) for s in softened)
    assert soften(image, rng, chance=0.0) is image


def test_one_of_three_blurs_and_never_two(image):
    rng = np.random.default_rng(0)
    gaussian, median = cv2.GaussianBlur(image, (3, 3), 0), cv2.medianBlur(image, 3)
    found = {"gaussian": 0, "median": 0, "motion": 0}
    for _ in range(60):
        blurred = blur_once(image, rng)
        same = "gaussian" if np.array_equal(blurred, gaussian) else "median" if np.array_equal(blurred, median) else ""
        found[same or "motion"] += 1
        assert blurred.shape == image.shape
        assert roughness(blurred) < roughness(image)
    assert min(found.values()) >= 10


def test_motion_is_along_one_line():
    """A point becomes a streak through where it was, as bright in all."""
    image = np.zeros((15, 15, 3), np.uint8)
    image[7, 7] = 210
    seen = set()
    for seed in range(60):
        blurred = blur_once(image, np.random.default_rng(seed), limit=7)[..., 0]
        y, x = np.nonzero(blurred)
        # Gaussian blur is brightest in the middle, and the median drops a point.
        if len(y) and np.ptp(blurred[y, x]) == 0:
            assert abs(blurred.sum() - 210) <= len(y)
            assert np.allclose([y.mean(), x.mean()], 7)
            seen.add((int(np.ptp(y)), int(np.ptp(x))))
    assert len(seen) > 3


@pytest.mark.parametrize("limit", [3, 4, 7])
def test_an_even_surface_stays_as_it_is(limit):
    image = np.full((20, 20, 3), 120, np.uint8)
    for seed in range(12):
        assert np.abs(blur_once(image, np.random.default_rng(seed), limit).astype(int) - 120).max() <= 1
