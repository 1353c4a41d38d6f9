import pytest
import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.training.losses import DiceLoss, dice_loss


def test_against_numpy(rng):
    p, t = rng.random((2, 3, 8, 8)), (rng.random((2, 3, 8, 8)) > 0.5).astype(float)
    expected = sum(1 - 2 * (p[:, c] * t[:, c]).sum() / (p[:, c].sum() + t[:, c].sum()) for c in range(3)) / 3
    given = torch.from_numpy(p), torch.from_numpy(t)
    assert dice_loss(*given, smooth=1e-8).item() == pytest.approx(expected, rel=1e-6)
    assert DiceLoss(1e-8)(*given).item() == pytest.approx(expected, rel=1e-6)
    assert dice_loss(*given).item() == pytest.approx(expected, abs=1e-4)


def test_by_hand():
    p, t = torch.tensor([0.5, 0.5, 0.0, 1.0]).view(1, 1, 2, 2), torch.tensor([1.0, 0.0, 0.0, 1.0]).view(1, 1, 2, 2)
    assert dice_loss(p, t, smooth=0).item() == pytest.approx(1 - 2 * 1.5 / (2 + 2))


def test_the_printed_equation_is_not_meant():
    """As printed by Guan et al. the loss would be -1 for every prediction."""
    p, t = torch.full((1, 1, 2, 2), 0.3), torch.ones(1, 1, 2, 2)
    assert dice_loss(p, t).item() > 0


def test_nothing_seen_where_nothing_is_costs_nothing():
    assert dice_loss(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)).item() == 0


def test_samples_can_be_left_out(rng):
    p, t = torch.from_numpy(rng.random((2, 2, 4, 4))), torch.from_numpy(rng.random((2, 2, 4, 4)))
    weight = torch.tensor([1.0, 0.0]).view(2, 1, 1, 1)
    assert dice_loss(p, t, weight).item() == pytest.approx(dice_loss(p[:1], t[:1]).item())


def test_shapes_that_would_be_repeated_are_refused():
    with pytest.raises(NucleusError, match="one shape"):
        dice_loss(torch.zeros(2, 3, 4, 4), torch.zeros(2, 1, 4, 4))
