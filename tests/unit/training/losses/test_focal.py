import numpy as np
import pytest
import torch
from scipy.special import softmax

from napari_nucleus.core import NucleusError
from napari_nucleus.training.losses import (
    FocalLoss,
    class_frequency_weights,
    cross_entropy,
    focal_loss,
    pixel_class_weights,
)


def test_nuclei_against_equation_7(rng):
    logits, target, tau = rng.normal(size=(5, 3)), rng.integers(0, 3, 5), np.array([3.0, 1.5, 10.0])
    t = softmax(logits, 1)
    expected = -sum(tau[q] * (1 - t[i, q]) ** 2 * np.log(t[i, q]) for i, q in enumerate(target)) / 5
    given = torch.from_numpy(logits), torch.from_numpy(target)
    assert focal_loss(*given, torch.from_numpy(tau)).item() == pytest.approx(expected)
    assert FocalLoss(torch.from_numpy(tau))(*given).item() == pytest.approx(expected)


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_pixels_against_scipy(rng, gamma):
    logits, target = rng.normal(size=(2, 4, 3, 5)), rng.integers(0, 4, (2, 3, 5))
    t = np.take_along_axis(softmax(logits, 1), target[:, None], 1)
    expected = -((1 - t) ** gamma * np.log(t)).mean()
    found = focal_loss(torch.from_numpy(logits), torch.from_numpy(target), gamma=gamma).item()
    assert found == pytest.approx(expected)


def test_without_gamma_it_is_the_cross_entropy(rng):
    logits, target = torch.from_numpy(rng.normal(size=(7, 3))), torch.from_numpy(rng.integers(0, 3, 7))
    assert focal_loss(logits, target, gamma=0).item() == pytest.approx(cross_entropy(logits, target).item())


def test_a_network_that_is_sure_still_has_slopes():
    logits = torch.tensor([[200.0, -200.0]], requires_grad=True)
    for target in (0, 1):
        focal_loss(logits, torch.tensor([target]), gamma=0.5).backward()
    assert torch.isfinite(logits.grad).all()


def test_weights_are_one_over_the_share_of_a_class():
    assert class_frequency_weights(torch.tensor([60, 30, 10])).tolist() == pytest.approx([100 / 60, 100 / 30, 10])
    assert class_frequency_weights(torch.tensor([5, 0])).tolist() == [1, 0]


def test_weights_of_pixels_keep_nuclei_and_background_in_balance():
    counts = torch.tensor([60.0, 30.0, 10.0])
    weights = pixel_class_weights(counts)
    assert weights[0] == 1
    assert (weights[1:] * counts).sum().item() / counts.sum().item() == pytest.approx(1)
    assert weights[3] / weights[1] == pytest.approx(6)


@pytest.mark.parametrize("counts", [[0, 0], [3, -1]])
def test_counts_that_say_nothing_are_refused(counts):
    with pytest.raises(NucleusError, match="counts of nuclei"):
        class_frequency_weights(torch.tensor(counts))


def test_shapes_that_do_not_belong_together_are_refused():
    with pytest.raises(NucleusError, match="class for each"):
        focal_loss(torch.zeros(2, 3, 4), torch.zeros(2, 5, dtype=torch.long))
