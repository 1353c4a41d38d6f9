import pytest
import torch
import torch.nn.functional as F

from napari_nucleus.training.clip.loss import contrastive_loss


def test_with_one_fit_each_it_is_that_of_clip():
    logits = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    target = torch.arange(6)
    expected = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    everything = torch.ones(6, 6, dtype=torch.bool)
    assert contrastive_loss(logits, torch.eye(6).bool(), everything).item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_same_description_twice_is_no_contradiction():
    fits = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]]).bool()
    everything = torch.ones(3, 3, dtype=torch.bool)
    best = contrastive_loss(fits * 100.0, fits, everything)
    assert best.item() == pytest.approx(2 / 3 * torch.log(torch.tensor(2.0)).item(), rel=1e-4)


def test_pairs_that_nobody_knows_have_no_say():
    logits = torch.zeros(3, 3, requires_grad=True)
    told = torch.tensor([[1, 0, 1], [1, 1, 1], [1, 1, 1]]).bool()
    contrastive_loss(logits, torch.eye(3).bool(), told).backward()
    assert logits.grad[0, 1] == 0
    assert logits.grad.isfinite().all()
    assert logits.grad[0, 2] > 0
