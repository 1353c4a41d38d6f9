import numpy as np
import pytest
import torch

from napari_nucleus.training.augment import light_jitter

LUMA = np.array([0.299, 0.587, 0.114])


@pytest.fixture
def image():
    """Middling colours, so that nothing is cut at 0 or 1."""
    return torch.from_numpy(np.random.default_rng(0).uniform(0.35, 0.6, (3, 8, 9)).astype(np.float32))


def jittered(image, seed=0, **strengths):
    return light_jitter(image, np.random.default_rng(seed), **strengths).numpy()


def luma(image):
    return np.tensordot(LUMA, np.asarray(image), 1)


def test_no_strength_changes_nothing(image):
    np.testing.assert_allclose(jittered(image), image.numpy(), atol=1e-5)


def test_brightness_is_one_factor(image):
    factors = [(jittered(image, seed, brightness=0.2) / image.numpy()) for seed in range(20)]
    assert all(np.ptp(factor) < 1e-4 and 0.8 <= factor.mean() <= 1.2 for factor in factors)
    assert max(f.mean() for f in factors) - min(f.mean() for f in factors) > 0.2


def test_contrast_moves_colours_from_the_mean_grey(image):
    grey = luma(image).mean()
    for seed in range(5):
        factor = (jittered(image, seed, contrast=0.25) - grey) / (image.numpy() - grey)
        assert np.ptp(factor[np.abs(image.numpy() - grey) > 0.02]) < 1e-2
        assert 0.75 <= np.median(factor) <= 1.25


def test_saturation_moves_colours_from_their_own_grey(image):
    grey = luma(image)
    changed = jittered(image, 3, saturation=0.2)
    np.testing.assert_allclose(luma(changed), grey, atol=1e-4)
    off, factor = image.numpy() - grey, (changed - grey) / (image.numpy() - grey)
    assert np.ptp(factor[np.abs(off) > 0.02]) < 1e-2


def test_hue_keeps_luma_and_grey_and_turns_the_rest(image):
    changed = jittered(image, 1, hue=0.3)
    np.testing.assert_allclose(luma(changed), luma(image), atol=1e-4)
    assert np.abs(changed - image.numpy()).max() > 0.05
    grey = torch.full((3, 2, 2), 0.5)
    np.testing.assert_allclose(jittered(grey, 1, hue=0.5), grey.numpy(), atol=1e-4)


def test_stays_in_range():
    image = torch.from_numpy(np.random.default_rng(0).random((3, 8, 8)).astype(np.float32))
    for seed in range(10):
        changed = jittered(image, seed, brightness=0.9, contrast=3, saturation=3, hue=0.5)
        assert 0 <= changed.min() <= changed.max() <= 1
