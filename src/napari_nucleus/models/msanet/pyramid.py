"""Pyramid pooling, and attention to what it leaves (Guan et al., eq. 2 to 4; Wu et al. 2022, "P2T")."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.models.msanet.norm import ChannelNorm

WINDOWS = (3, 6, 9, 17)
"""Tokens along the side of each pool: the 17×17 of the paper become 6×6, 3×3, 2×2 and 1, the pyramid's usual bins.

The paper gives no numbers. Windows of a fixed size, rather than a fixed number of them, see the same tissue in images
of any size.
"""


class PyramidAttention(nn.Module):
    """Each token asks the pools of a pyramid, not each other: K and V are pooled (eq. 4).

    Positions are encoded relative to one another: each pooled map has a depthwise 3×3 convolution of itself added.

    Parameters
    ----------
    width, heads : int
    windows : tuple of int
        Tokens along the side of the pools of each map.
    """

    def __init__(self, width: int, heads: int, windows: tuple[int, ...] = WINDOWS) -> None:
        super().__init__()
        self.heads, self.windows = heads, windows
        self.position = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1, groups=width) for _ in windows)
        self.norm = nn.LayerNorm(width)
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B, C, h, w) that have looked around, of the same shape."""
        pooled = self.norm(self.pyramid(x))
        q = self._split(self.q(x.flatten(2).mT))  # (B, heads, h·w, C / heads)
        k, v = (self._split(part) for part in self.kv(pooled).chunk(2, -1))  # (B, heads, P, C / heads)
        seen = F.scaled_dot_product_attention(q, k, v)
        return self.out(seen.transpose(1, 2).flatten(2)).mT.unflatten(2, x.shape[-2:])

    def pyramid(self, x: Tensor) -> Tensor:
        """The sequence P: all pools one after another, (B, P, C) with P below h·w."""
        pools = [pooled(x, window) for window in self.windows]
        placed = [pool + encode(pool) for pool, encode in zip(pools, self.position, strict=True)]
        return torch.cat([pool.flatten(2) for pool in placed], 2).mT

    def _split(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)


class PyramidBlock(nn.Module):
    """A transformer block with pyramid-pooling attention."""

    def __init__(self, width: int, heads: int, windows: tuple[int, ...] = WINDOWS) -> None:
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(width), ChannelNorm(width)
        self.attention = PyramidAttention(width, heads, windows)
        self.mlp = nn.Sequential(nn.Conv2d(width, 4 * width, 1), nn.GELU(), nn.Conv2d(4 * width, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B, C, h, w), of the same shape."""
        x = x + self.attention(self.norm1(x))
        mixed: Tensor = x + self.mlp(self.norm2(x))
        return mixed


def pooled(x: Tensor, window: int) -> Tensor:
    """Means over windows of maps (B, C, h, w) or (B, C, D, h, w); at the border, of what there is."""
    size = tuple(min(window, side) for side in x.shape[-2:])
    if x.ndim == 5:
        return F.avg_pool3d(x, (1, *size), ceil_mode=True, count_include_pad=False)
    return F.avg_pool2d(x, size, ceil_mode=True, count_include_pad=False)
