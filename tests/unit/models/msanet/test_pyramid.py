import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from napari_nucleus.models.msanet.pyramid import PyramidAttention, PyramidBlock, pooled


def test_the_paper_s_grid_is_pooled_to_50_tokens():
    assert PyramidAttention(16, 2).pyramid(torch.rand(2, 16, 17, 17)).shape == (2, 6 * 6 + 3 * 3 + 2 * 2 + 1, 16)


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (17, 17), (40, 23)])
def test_any_grid(shape):
    tokens = torch.rand(2, 16, *shape)
    assert PyramidBlock(16, 2)(tokens).shape == tokens.shape


def test_with_pools_of_one_token_it_is_full_attention():
    attention = PyramidAttention(8, 2, windows=(1,)).eval()
    nn.init.zeros_(attention.position[0].weight)
    nn.init.zeros_(attention.position[0].bias)
    tokens = torch.rand(1, 8, 3, 4)
    x = tokens.flatten(2).mT
    k, v = attention.kv(attention.norm(x)).chunk(2, -1)
    q, k, v = (part.unflatten(2, (2, 4)).transpose(1, 2) for part in (attention.q(x), k, v))
    full = ((q @ k.mT / 2).softmax(-1) @ v).transpose(1, 2).flatten(2)
    assert torch.allclose(attention(tokens), attention.out(full).mT.unflatten(2, (3, 4)), atol=1e-6)


def test_border_pools_are_means_of_what_there_is():
    x = torch.arange(5.0).view(1, 1, 1, 5).expand(1, 1, 5, 5)
    assert pooled(x, 3)[0, 0, 0].tolist() == [1.0, 3.5]
    volume = x[:, :, None].expand(1, 1, 2, 5, 5)
    assert torch.equal(pooled(volume, 3)[:, :, 0], pooled(x, 3))


def test_it_costs_less_than_full_attention():
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        PyramidAttention(768, 12)(torch.empty(1, 768, 17, 17))
    projections = 4 * 2 * 289 * 768 * 768  # of Q, K, V and the answer
    attended = 2 * 2 * 289 * 289 * 768
    assert counter.get_total_flops() < 0.55 * (projections + attended)
