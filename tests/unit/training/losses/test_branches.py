import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax, softmax

from napari_nucleus.training.losses import boundary_loss, hv_loss, mse_loss, msge_loss, np_loss, type_loss


def dice(p, t):
    return 1 - 2 * (p * t).sum() / (p.sum() + t.sum())


def test_np_and_edges_against_scipy(rng):
    logit, target = rng.normal(size=(2, 1, 6, 6)), (rng.random((2, 1, 6, 6)) > 0.5).astype(float)
    p = expit(logit)
    entropy = -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean()
    given = torch.from_numpy(logit), torch.from_numpy(target)
    assert np_loss(*given).item() == pytest.approx(2 * entropy + 2 * dice(p, target), abs=1e-4)
    assert boundary_loss(*given).item() == pytest.approx(entropy + dice(p, target), abs=1e-4)


def test_hv_is_twice_each(rng):
    hv, target = torch.from_numpy(rng.normal(size=(2, 1, 2, 8, 8)))
    inside = torch.from_numpy((rng.random((1, 1, 8, 8)) > 0.5).astype(float))
    expected = 2 * mse_loss(hv, target) + 2 * msge_loss(hv, target, inside)
    assert hv_loss(hv, target, inside).item() == pytest.approx(expected.item())


def test_type_against_scipy(rng):
    logits, target, weight = rng.normal(size=(2, 3, 5, 5)), rng.integers(0, 3, (2, 5, 5)), np.array([1.0, 3.0, 2.0])
    log_p, p = log_softmax(logits, 1), softmax(logits, 1)
    each = weight[target]
    entropy = -(each * np.take_along_axis(log_p, target[:, None], 1)[:, 0]).sum() / each.sum()
    overlap = np.mean([dice(p[:, c], target == c) for c in range(3)])
    found = type_loss(*map(torch.from_numpy, (logits, target, weight)), torch.tensor([True, True])).item()
    assert found == pytest.approx(3 * entropy + overlap, abs=1e-4)


def test_type_counts_only_images_with_classes(rng):
    logits, target = torch.from_numpy(rng.normal(size=(2, 4, 5, 5))), torch.from_numpy(rng.integers(0, 4, (2, 5, 5)))
    weight = torch.ones(4).double()
    both = type_loss(logits, target, weight, torch.tensor([True, False]))
    alone = type_loss(logits[:1], target[:1], weight, torch.tensor([True]))
    assert both.item() == pytest.approx(alone.item())


def test_type_without_classes_leaves_gradients_alone():
    logits = torch.zeros(1, 3, 4, 4, requires_grad=True)
    loss = type_loss(logits, torch.zeros(1, 4, 4, dtype=torch.long), torch.ones(3), torch.tensor([False]))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()
