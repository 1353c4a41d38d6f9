import torch
from torch import nn

from napari_nucleus.models.msanet.convnext import ConvNeXtBackbone, ConvNeXtBlock
from napari_nucleus.models.msanet.norm import ChannelNorm
from napari_nucleus.models.msanet.volume import VolumeBlock, VolumeFusion


def test_the_backbone_doubles_its_grid_at_each_stage():
    levels = ConvNeXtBackbone(12, (8, 8, 4, 4), (1, 1, 2, 1))(torch.rand(2, 12, 3, 5))
    assert [tuple(x.shape) for x in levels] == [(2, 8, 3, 5), (2, 8, 6, 10), (2, 4, 12, 20), (2, 4, 24, 40)]


def test_a_block_without_layer_scale_changes_nothing():
    block = ConvNeXtBlock(4)
    nn.init.zeros_(block.layer_scale)
    x = torch.rand(1, 4, 9, 9)
    assert torch.equal(block(x), x)


def test_a_volume_is_three_dimensional_and_twice_as_fine():
    block = VolumeBlock([6, 4, 8], 8, windows=(2, 3))
    assert [m.weight.ndim for m in (block.model[0], block.fold)] == [5, 5]
    maps = [torch.rand(1, n, 4, 6) for n in (6, 4, 8)]
    assert block(maps, zoom=2).shape == (1, 8, 8, 12)


def test_a_volume_of_two_slices_learns_the_same_in_bfloat16():
    """PyTorch's own bfloat16 convolution of two slices leaves what was in memory in the gradient of its weights."""
    torch.manual_seed(0)
    block = VolumeBlock([16, 16], 16, windows=(2, 3)).train()
    maps = [torch.rand(4, 16, 8, 8) for _ in range(2)]
    gradients = []
    for enabled in (False, True):
        block.zero_grad()
        spoilt = [torch.full((16 * 16 * 27 * n,), 1e30) for n in range(1, 9)]
        del spoilt  # to be found again
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            block(maps, zoom=2).float().square().mean().backward()
        gradients.append(block.model[0].weight.grad.clone())
    single, half = gradients
    assert torch.allclose(half, single, atol=0.05 * single.abs().max())


def test_the_fusion_is_a_1x1_convolution_over_all_volumes():
    """Upsampling and a 1×1 convolution may change places, which is why it is computed level by level."""
    torch.manual_seed(0)
    fusion = VolumeFusion(6, (5, 5, 4, 4), 8, 7).eval()
    volumes = []
    for block in fusion.blocks:
        block.register_forward_hook(lambda _module, _inputs, out: volumes.append(out))
    tokens = [torch.rand(1, 6, 2, 3) for _ in range(4)]
    backbone = [torch.rand(1, n, 2 * 2**i, 3 * 2**i) for i, n in enumerate((5, 5, 4, 4))]

    fused = fusion(tokens, backbone)

    up = [nn.functional.interpolate(v, (16, 24), mode="bilinear") for v in volumes]
    weight = torch.cat([conv.weight for conv in fusion.fuse], 1)
    whole = nn.functional.conv2d(torch.cat(up, 1), weight, fusion.fuse[0].bias)
    assert fused.shape == (1, 7, 16, 24)
    assert torch.allclose(fused, whole, atol=1e-5)


def test_channel_norm_knows_one_position_alone():
    x = torch.rand(2, 6, 3, 4, 5)
    y = ChannelNorm(6)(x)
    assert torch.allclose(y.mean(1), torch.zeros(2, 3, 4, 5), atol=1e-6)
    x[..., 0] = 9
    assert torch.equal(ChannelNorm(6)(x)[..., 1:], y[..., 1:])
