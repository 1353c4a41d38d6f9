"""Feature volumes: what ViT-CLIP, ConvNeXt and the coarser volume say of the same place, stacked along a third axis."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.models.msanet.norm import ChannelNorm
from napari_nucleus.models.msanet.pyramid import WINDOWS, pooled


class VolumeBlock(nn.Module):
    """3×3×3 convolution, pyramid pooling, 3-D upsampling, then the third axis is folded away.

    Parameters
    ----------
    channels : sequence of int
        Of each map that is stacked.
    width : int
        Channels of the volume.
    windows : sequence of int
        Pixels along the side of the pools.
    """

    def __init__(self, channels: Sequence[int], width: int, windows: Sequence[int]) -> None:
        super().__init__()
        self.windows = tuple(windows)
        self.sources = nn.ModuleList(nn.Conv2d(n, width, 1) for n in channels)
        self.model = nn.Sequential(nn.Conv3d(width, width, 3, padding=1), ChannelNorm(width), nn.GELU())
        part = max(1, width // len(self.windows))
        self.pools = nn.ModuleList(nn.Conv3d(width, part, 1) for _ in self.windows)
        self.blend = nn.Conv3d(width + part * len(self.windows), width, 1)
        self.fold = nn.Conv3d(width, width, (len(channels), 1, 1))

    def forward(self, maps: Sequence[Tensor], zoom: int) -> Tensor:
        """Maps (B, channels[i], h, w) to (B, width, zoom·h, zoom·w)."""
        volume = torch.stack([source(m) for source, m in zip(self.sources, maps, strict=True)], 2)  # (B, C, D, h, w)
        volume = self._modelled(volume)
        volume = F.gelu(self.blend(torch.cat([volume, *self._pyramid(volume)], 1)))
        if zoom > 1:
            depth, height, width = volume.shape[2:]
            volume = F.interpolate(volume, (depth, zoom * height, zoom * width), mode="trilinear")
        folded: Tensor = self.fold(volume).squeeze(2)
        return folded

    def _modelled(self, volume: Tensor) -> Tensor:
        if not (self.training and volume.device.type == "cpu"):
            return self.model(volume)
        # Single precision: of two slices in bfloat16, PyTorch 2.15 leaves in the weights' gradient what was in memory.
        with torch.autocast("cpu", enabled=False):
            return self.model(volume.float())

    def _pyramid(self, volume: Tensor) -> list[Tensor]:
        pools = (reduce(pooled(volume, window)) for reduce, window in zip(self.pools, self.windows, strict=True))
        return [F.interpolate(pool, volume.shape[2:], mode="trilinear") for pool in pools]


class VolumeFusion(nn.Module):
    """Four volume blocks from coarse to fine, and the 1×1 convolution over all of them.

    Parameters
    ----------
    token_channels : int
        Of v1 to v4.
    widths : sequence of int
        Channels of x1 to x4.
    volume_width : int
        Channels of a volume.
    channels_out : int
    """

    def __init__(self, token_channels: int, widths: Sequence[int], volume_width: int, channels_out: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            VolumeBlock(
                [token_channels, width] + [volume_width] * (level > 0),
                volume_width,
                [window * 2**level for window in WINDOWS],
            )
            for level, width in enumerate(widths)
        )
        # A 1×1 convolution over maps side by side is the sum of one over each, which is cheaper before upsampling.
        self.fuse = nn.ModuleList(nn.Conv2d(volume_width, channels_out, 1, bias=level == 0) for level in range(4))

    def forward(self, tokens: Sequence[Tensor], backbone: Sequence[Tensor]) -> Tensor:
        """v1 to v4 (B, 768, h, w) with x1 to x4 (B, C_i, 2^i·h, 2^i·w) to (B, channels_out, 8·h, 8·w)."""
        size = backbone[-1].shape[-2:]
        fused: Tensor | None = None
        volume: list[Tensor] = []
        for level, (block, fuse, x) in enumerate(zip(self.blocks, self.fuse, backbone, strict=True)):
            # The deepest tokens meet the coarsest grid.
            v = F.interpolate(tokens[-1 - level], x.shape[-2:], mode="bilinear")
            volume = [block([v, x, *volume], zoom=1 if level == len(self.blocks) - 1 else 2)]
            part = F.interpolate(fuse(volume[0]), size, mode="bilinear")
            fused = part if fused is None else fused + part
        assert fused is not None
        return fused
