import pytest
import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.training.losses import FlowLoss, flow_loss


def test_by_hand():
    assert flow_loss(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 0.0])).item() == pytest.approx(9 / 2 / 2)


def test_the_module_takes_flows_of_length_one(rng):
    flow, unit = rng.normal(size=(2, 1, 2, 4, 4))
    expected = ((flow - 5 * unit) ** 2).mean() / 2
    assert FlowLoss()(torch.from_numpy(flow), torch.from_numpy(unit)).item() == pytest.approx(expected)


def test_other_sizes_are_refused():
    with pytest.raises(NucleusError, match="one shape"):
        flow_loss(torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 5))
