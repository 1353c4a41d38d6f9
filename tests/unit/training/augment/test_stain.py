import numpy as np
import pytest

from napari_nucleus.training.augment import colour_jitter, optical_density


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


def test_each_stain_by_hand():
    """Haematoxylin alone stays haematoxylin where neither tint nor offset is drawn, and eosin eosin."""
    for stain in np.array([[0.650, 0.704, 0.286], [0.072, 0.990, 0.105]]):
        image = np.rint(255 * np.exp(-stain / np.linalg.norm(stain)))[None, None, None].astype(np.uint8)
        for seed in range(5):
            changed = -np.log(colour_jitter(image, np.random.default_rng(seed), 0.1).flatten().numpy())
            cosine = changed @ stain / np.linalg.norm(changed) / np.linalg.norm(stain)
            assert cosine > 0.99


def test_density_by_hand():
    density = optical_density(np.array([[[255, 128, 0]]], np.uint8))[0, 0]
    np.testing.assert_allclose(density, [0, np.log(255 / 128), np.log(255)], rtol=1e-5)
