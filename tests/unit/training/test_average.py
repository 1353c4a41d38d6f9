import pytest
import torch
from torch import nn

from napari_nucleus.training.average import Average


def constant(value):
    layer = nn.BatchNorm1d(1)
    for tensor in layer.state_dict().values():
        tensor.fill_(value)
    return layer


def test_it_follows_an_exponential_average():
    average, expected = Average(constant(0.0), 0.9), 0.0
    for n, value in enumerate((3.0, 1.0, 4.0, 1.0, 5.0)):
        decay = min(0.9, n / (n + 9))
        expected = decay * expected + (1 - decay) * value
        average.update(constant(value))
        assert average.network.weight.item() == pytest.approx(expected, rel=1e-6)
        assert average.network.running_mean.item() == pytest.approx(expected, rel=1e-6)
        assert average.network.num_batches_tracked == value


def test_the_first_update_forgets_where_training_began():
    average = Average(constant(7.0), 0.999)
    average.update(constant(2.0))
    assert average.network.weight.item() == 2


def test_without_decay_it_is_the_network():
    average = Average(constant(0.0), 0.0)
    for value in (1.0, 2.0):
        average.update(constant(value))
        assert average.network.weight.item() == value


def test_what_is_frozen_takes_no_memory_again():
    network = nn.Sequential(nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 4))
    average = Average(network, 0.5)
    assert average.network[0].weight is network[0].weight
    assert average.network[1].weight is not network[1].weight
    assert not average.network.training
    with torch.no_grad():
        network[1].weight += 1
    average.update(network)
    assert torch.equal(average.network[1].weight, network[1].weight)
