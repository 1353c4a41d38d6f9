"""The backbone of the decoder: ConvNeXt blocks (Liu et al. 2022) as Guan et al. describe them, at ever finer grids."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.models.msanet.norm import ChannelNorm

DEPTHS = (3, 3, 9, 3)
# What residual networks of up to 18 blocks start with (Touvron et al. 2021, "Going deeper with image transformers").
_LAYER_SCALE = 0.1


class ConvNeXtBlock(nn.Module):
    """Depthwise separable 7×7, norm, 3×3, GELU, 3×3; added to the input by a learnable share a channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.pointwise = nn.Conv2d(width, width, 1)
        self.norm = ChannelNorm(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.layer_scale = nn.Parameter(torch.full((width, 1, 1), _LAYER_SCALE))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W), of the same shape."""
        inner = self.norm(self.pointwise(self.depthwise(x)))
        added: Tensor = x + self.layer_scale * self.conv2(F.gelu(self.conv1(inner)))
        return added


class ConvNeXtBackbone(nn.Module):
    """x1 to x4 from the fused tokens.

    The paper pools x4 adaptively without saying to which size; here x4 keeps its own, so that nothing is lost.

    Parameters
    ----------
    channels_in : int
        Of the tokens.
    widths : sequence of int
        Channels of x1 to x4. The paper gives 256 for the first; the others are ours.
    depths : sequence of int
        Blocks of each stage.
    """

    def __init__(self, channels_in: int, widths: Sequence[int], depths: Sequence[int] = DEPTHS) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.Conv2d(channels_in, widths[0], 3, padding=1), ChannelNorm(widths[0]))
        self.stages = nn.ModuleList(
            nn.Sequential(*(ConvNeXtBlock(width) for _ in range(depth)))
            for width, depth in zip(widths, depths, strict=True)
        )
        self.narrow = nn.ModuleList(nn.Conv2d(before, width, 1) for before, width in pairwise(widths))
        self.norm = ChannelNorm(widths[-1])

    def forward(self, tokens: Tensor) -> list[Tensor]:
        """x1 to x4 of tokens (B, 768, h, w): (B, widths[i], 2^i·h, 2^i·w), up to half the image's size."""
        x = self.stages[0](self.enter(tokens))
        levels = [x]
        for narrow, stage in zip(self.narrow, self.stages[1:], strict=True):
            x = stage(F.interpolate(narrow(x), scale_factor=2.0, mode="bilinear"))
            levels.append(x)
        return [*levels[:-1], self.norm(x)]
