"""Losses of the HV map: squared error, and squared error of the gradients (Graham et al. 2019, eq. 2 and 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.training.losses.checks import same_shape


def mse_loss(hv: Tensor, target: Tensor) -> Tensor:
    """Mean squared error over all pixels, background too (Graham et al. 2019, eq. 2).

    Raises
    ------
    NucleusError
        The shapes differ.
    """
    same_shape(hv, target)
    return F.mse_loss(hv, target)


def msge_loss(hv: Tensor, target: Tensor, inside: Tensor) -> Tensor:
    """Mean squared error of the gradients on nuclei: of H along x, of V along y (Graham et al. 2019, eq. 3).

    The paper divides by the number of nucleus pixels; here, as in its published code, by twice that, since each pixel
    has two gradients.

    Parameters
    ----------
    hv, target : (B, 2, H, W) float
        Horizontal, then vertical.
    inside : (B, 1, H, W) float
        1 on nuclei, which alone count.

    Raises
    ------
    NucleusError
        The shapes don't belong together.
    """
    same_shape(hv, target)
    same_shape(hv[:, :1], inside)
    # The gradient of the error is the error of the gradients; channel 0 along x, channel 1 along y.
    gradient = F.conv2d(hv - target, sobel_kernels().to(hv), padding=2, groups=2)
    return (gradient.square() * inside).sum() / (2 * inside.sum() + 1e-8)


def sobel_kernels(size: int = 5) -> Tensor:
    """Horizontal and vertical derivative kernels, (2, 1, size, size), as HoVer-Net's gradient loss uses them.

    Each weight is the offset along the derivative's axis over the squared distance to the centre.
    """
    reach = torch.arange(size, dtype=torch.float32) - size // 2
    v, h = torch.meshgrid(reach, reach, indexing="ij")
    square = h * h + v * v
    square[size // 2, size // 2] = 1
    return torch.stack([h / square, v / square])[:, None]


class MseLoss(nn.Module):
    """`mse_loss` as a module."""

    def forward(self, hv: Tensor, target: Tensor) -> Tensor:
        """The loss of maps (B, 2, H, W)."""
        return mse_loss(hv, target)


class MsgeLoss(nn.Module):
    """`msge_loss` as a module."""

    def forward(self, hv: Tensor, target: Tensor, inside: Tensor) -> Tensor:
        """The loss of maps (B, 2, H, W) on the nuclei (B, 1, H, W)."""
        return msge_loss(hv, target, inside)
