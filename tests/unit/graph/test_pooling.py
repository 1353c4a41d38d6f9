import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_nucleus.graph.pooling import mean_over_nuclei, spread_over_pixels

LABELS = arrays(np.int64, (6, 9), elements=st.sampled_from([0, 0, 2, 7, 30]))


@settings(deadline=None)
@given(LABELS, st.permutations([2, 7, 30, 99]), st.sampled_from([1, 2, 3]))
def test_as_nucleus_by_nucleus(labels, ids, stride):
    torch.manual_seed(0)
    features = torch.rand(4, -(-6 // stride), -(-9 // stride))
    whole = features.repeat_interleave(stride, 1).repeat_interleave(stride, 2)[:, :6, :9]

    means = mean_over_nuclei(features, torch.from_numpy(labels), torch.tensor(ids), stride)

    for mean, label in zip(means, ids, strict=True):
        inside = torch.from_numpy(labels == label)
        expected = whole[:, inside].mean(1) if inside.any() else torch.zeros(4)
        assert torch.allclose(mean, expected, atol=1e-6)


@settings(deadline=None)
@given(LABELS, st.permutations([2, 7, 30]))
def test_spreading_undoes_pooling(labels, ids):
    values = torch.arange(6.0).view(3, 2) + 1
    pixels, ids = torch.from_numpy(labels), torch.tensor(ids)
    spread = spread_over_pixels(values, pixels, ids)
    assert (spread[:, pixels == 0] == 0).all()
    present = torch.isin(ids, pixels)
    assert torch.allclose(mean_over_nuclei(spread, pixels, ids)[present], values[present])


def test_without_nuclei():
    labels, none = torch.zeros(4, 4, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
    assert mean_over_nuclei(torch.rand(3, 4, 4), labels, none).shape == (0, 3)
    assert torch.equal(spread_over_pixels(torch.zeros(0, 2), labels, none), torch.zeros(2, 4, 4))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradient_goes_back_to_the_nucleus_alone(dtype):
    features = torch.rand(2, 3, 3, dtype=dtype, requires_grad=True)
    labels = torch.tensor([[5, 5, 0], [0, 0, 0], [0, 0, 8]])
    mean_over_nuclei(features, labels, torch.tensor([5])).sum().backward()
    assert torch.equal(features.grad[0], torch.tensor([[0.5, 0.5, 0], [0, 0, 0], [0, 0, 0]], dtype=dtype))
