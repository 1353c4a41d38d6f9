import numpy as np
import pytest

from napari_nucleus.training.augment import colour_jitter, soften


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(1, 256, (3, 16, 16, 3), np.uint8)


def test_no_strength_changes_nothing(images):
    jittered = colour_jitter(images, np.random.default_rng(1), strength=0)
    np.testing.assert_allclose(jittered.movedim(1, -1).numpy(), images / 255, atol=1e-4)


def test_seed_fixes_the_colours(images):
    first, again, other = (colour_jitter(images, np.random.default_rng(s)) for s in (1, 1, 2))
    assert first.equal(again)
    assert not first.equal(other)


def test_stays_in_range(images):
    for seed in range(10):
        jittered = colour_jitter(images, np.random.default_rng(seed), strength=2)
        assert 0 <= jittered.min() <= jittered.max() <= 1


def test_colour_keeps_the_order_of_darkness():
    ramp = np.linspace(1, 255, 64).astype(np.uint8)[None, :, None, None].repeat(3, -1)  # (1, 64, 1, 3)
    jittered = colour_jitter(ramp, np.random.default_rng(3)).sum(1)[0, :, 0].numpy()
    assert (np.diff(jittered) >= -1e-6).all()


def test_soften_keeps_size_and_lowers_sharpness():
    image = np.random.default_rng(0).integers(0, 256, (33, 47, 3), np.uint8)
    rng = np.random.default_rng(0)
    softened = [soften(image, rng, chance=1.0) for _ in range(5)]
    assert {s.shape for s in softened} == {image.shape}
    assert all(np.diff(s.astype(int), axis=0).std() < np.diff(image.astype(int), axis=0).std() for s in softened)
    assert soften(image, rng, chance=0.0) is image
