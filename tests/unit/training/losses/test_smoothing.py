import numpy as np
import pytest
import torch
from scipy.ndimage import correlate
from scipy.special import expit, log_softmax

from napari_nucleus.training.losses import SmoothedCrossEntropy, smoothed_cross_entropy, smoothed_targets

# exp(-1/2) for those beside, exp(-1) for those at the corners; the middle is their sum, before all are divided by it.
BESIDE, CORNER = 0.60653066 / (2 * 3.89764), 0.36787944 / (2 * 3.89764)
KERNEL = np.array([[CORNER, BESIDE, CORNER], [BESIDE, 0.5, BESIDE], [CORNER, BESIDE, CORNER]])


def one_hot(labels, n_classes):
    return np.moveaxis(np.eye(n_classes)[labels], -1, 1)


def test_against_scipy(rng):
    labels = one_hot(rng.integers(0, 3, (2, 6, 7)), 3)
    expected = [[correlate(channel, KERNEL, mode="nearest") for channel in sample] for sample in labels]
    np.testing.assert_allclose(smoothed_targets(torch.from_numpy(labels)).numpy(), expected, atol=1e-6)


def test_certain_inside_and_in_doubt_where_classes_meet():
    labels = np.zeros((1, 5, 8), int)
    labels[:, :, 4:] = 1
    smooth = smoothed_targets(torch.from_numpy(one_hot(labels, 2)))[0].numpy()
    np.testing.assert_allclose(smooth[0, 2], [1, 1, 1, 0.5 + BESIDE * 3 + CORNER * 2, BESIDE + 2 * CORNER, 0, 0, 0])


def test_adds_up_to_one_and_keeps_at_least_half(rng):
    labels = rng.integers(0, 4, (1, 9, 9))
    smooth = smoothed_targets(torch.from_numpy(one_hot(labels, 4)))
    assert torch.allclose(smooth.sum(1), torch.ones(1, 9, 9).double())
    assert smooth.gather(1, torch.from_numpy(labels)[:, None]).min() >= 0.5


def test_cross_entropy_of_classes_against_scipy(rng):
    labels, logits = rng.integers(0, 3, (2, 6, 6)), rng.normal(size=(2, 3, 6, 6))
    shares = np.array([[correlate(c, KERNEL, mode="nearest") for c in s] for s in one_hot(labels, 3)])
    expected = -(shares * log_softmax(logits, 1)).sum(1).mean()
    given = torch.from_numpy(logits), torch.from_numpy(labels)
    assert smoothed_cross_entropy(*given).item() == pytest.approx(expected, rel=1e-5)
    assert SmoothedCrossEntropy()(*given).item() == pytest.approx(expected, rel=1e-5)


def test_cross_entropy_of_one_map_against_scipy(rng):
    mask, logits = (rng.random((1, 1, 6, 6)) > 0.5).astype(float), rng.normal(size=(1, 1, 6, 6))
    share, p = correlate(mask[0, 0], KERNEL, mode="nearest"), expit(logits[0, 0])
    expected = -(share * np.log(p) + (1 - share) * np.log(1 - p)).mean()
    found = smoothed_cross_entropy(torch.from_numpy(logits), torch.from_numpy(mask)).item()
    assert found == pytest.approx(expected, rel=1e-5)
