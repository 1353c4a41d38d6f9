import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from napari_nucleus.training.losses import dice_loss, hv_loss, np_loss, sobel_kernels, type_loss


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def tensor(array):
    return torch.from_numpy(np.asarray(array, np.float32))


def test_dice_against_numpy(rng):
    p, t = rng.random((2, 3, 8, 8)), rng.random((2, 3, 8, 8)) > 0.5
    expected = np.mean([1 - 2 * (p[:, c] * t[:, c]).sum() / (p[:, c].sum() + t[:, c].sum()) for c in range(3)])
    assert dice_loss(tensor(p), tensor(t)).item() == pytest.approx(expected, abs=1e-4)


def test_np_loss_against_numpy(rng):
    logit, target = rng.normal(size=(2, 1, 6, 6)), rng.random((2, 1, 6, 6)) > 0.5
    p = 1 / (1 + np.exp(-logit))
    entropy = -(target * np.log(p) + ~target * np.log(1 - p)).mean()
    dice = 1 - 2 * (p * target).sum() / (p.sum() + target.sum())
    assert np_loss(tensor(logit), tensor(target)).item() == pytest.approx(2 * entropy + 2 * dice, abs=1e-3)


def test_hv_loss_against_scipy(rng):
    hv, target = rng.normal(size=(2, 2, 2, 9, 9))
    inside = rng.random((2, 1, 9, 9)) > 0.4
    kernels = sobel_kernels().numpy()[:, 0]
    total = 0.0
    for b in range(2):
        for c in range(2):
            gradients = [correlate2d(m[b, c], kernels[c], mode="same") for m in (hv, target)]
            total += ((gradients[0] - gradients[1]) ** 2 * inside[b, 0]).sum()
    expected = 2 * ((hv - target) ** 2).mean() + 2 * total / (2 * inside.sum())
    assert hv_loss(tensor(hv), tensor(target), tensor(inside)).item() == pytest.approx(expected, rel=1e-5)


def test_sobel_points_along_its_axis():
    ramp = torch.arange(7.0).expand(7, 7)[None, None]
    along_x, along_y = torch.nn.functional.conv2d(ramp, sobel_kernels())[0]
    assert (along_x > 0).all()
    assert torch.allclose(along_y, torch.zeros_like(along_y), atol=1e-5)


def test_type_loss_counts_only_images_with_classes(rng):
    logits, target = tensor(rng.normal(size=(2, 4, 5, 5))), torch.from_numpy(rng.integers(0, 4, (2, 5, 5)))
    weight = torch.ones(4)
    both = type_loss(logits, target, weight, torch.tensor([True, False]))
    alone = type_loss(logits[:1], target[:1], weight, torch.tensor([True]))
    assert both.item() == pytest.approx(alone.item())


def test_type_loss_without_classes_leaves_gradients_alone():
    logits = torch.zeros(1, 3, 4, 4, requires_grad=True)
    loss = type_loss(logits, torch.zeros(1, 4, 4, dtype=torch.long), torch.ones(3), torch.tensor([False]))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()
