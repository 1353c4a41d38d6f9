import torch
from torch import nn

from napari_nucleus.models.memory_format import channels_last


def test_kernels_of_two_and_three_dimensions():
    network = nn.ModuleList([nn.Conv2d(4, 8, 3), nn.Conv3d(4, 8, 3), nn.Linear(4, 8)])
    before = [p.clone() for p in network.parameters()]
    assert channels_last(network) is network
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert network[1].weight.is_contiguous()
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), before, strict=True))
