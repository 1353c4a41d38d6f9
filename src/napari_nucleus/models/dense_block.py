"""HoVer-Net's dense block (Graham et al. 2019, after Huang et al. 2017, "Densely connected convolutional networks")."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DenseUnit(nn.Module):
    """New features from all that came before: BN, ReLU, 1×1 to ``inner``, BN, ReLU, grouped k×k to ``growth``."""

    def __init__(self, channels_in: int, inner: int, growth: int, kernel: int, padding: int) -> None:
        super().__init__()
        self.before = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, growth, kernel, padding=padding, groups=4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The new features of (B, channels_in, H, W): (B, growth, H', W')."""
        inner = self.conv1(F.relu(self.before(x)))
        new: Tensor = self.conv2(F.relu(self.bn1(inner)))
        return new


class DenseBlock(nn.Module):
    """Units that each add ``growth`` channels to what they were given.

    Parameters
    ----------
    channels_in, units : int
    kernel, padding : int
        Of the k×k convolutions. Without padding each takes ``kernel - 1`` pixels off both sides together, and what came
        before is cropped to its centre.
    inner, growth : int
        Channels between a unit's two convolutions, and behind them.
    """

    def __init__(
        self, channels_in: int, units: int, kernel: int, padding: int = 0, inner: int = 128, growth: int = 32
    ) -> None:
        super().__init__()
        self.channels_out = channels_in + units * growth
        widths = range(channels_in, self.channels_out, growth)
        self.units = nn.ModuleList(DenseUnit(width, inner, growth, kernel, padding) for width in widths)
        self.after = nn.BatchNorm2d(self.channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, H', W'), with H' = H where there is padding."""
        for unit in self.units:
            new = unit(x)
            x = torch.cat([centre(x, new.shape[-2], new.shape[-1]), new], 1)
        return F.relu(self.after(x))


def centre(x: Tensor, height: int, width: int) -> Tensor:
    """The central (…, height, width) of a tensor (…, H, W)."""
    top, left = (x.shape[-2] - height) // 2, (x.shape[-1] - width) // 2
    return x[..., top : top + height, left : left + width]
