"""Spatially varying label smoothing (Islam and Glocker 2021)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.training.losses.cross_entropy import binary_cross_entropy, cross_entropy


def smoothed_targets(target: Tensor, sigma: float = 1.0) -> Tensor:
    """Labels that are in doubt where classes meet and certain elsewhere.

    Each class's map is filtered by a 3×3 Gaussian whose middle is set to the sum of the eight others before all are
    divided by their sum: the middle is ½, so that a pixel's own class keeps at least half. The image's rim is repeated.

    Parameters
    ----------
    target : (B, C, H, W) float
        One-hot; or one channel that holds 1 where something is.
    sigma : float
        Of the Gaussian, in pixels.

    Returns
    -------
    (B, C, H, W) float
        Adds up over the classes to what the target did.
    """
    n_channels = target.shape[1]
    kernel = _kernel(sigma).to(target).expand(n_channels, 1, 3, 3)
    return F.conv2d(F.pad(target, (1, 1, 1, 1), mode="replicate"), kernel, groups=n_channels)


def _kernel(sigma: float) -> Tensor:
    """The 3×3 filter; its middle is ½ and all add up to 1."""
    reach = torch.arange(-1.0, 2.0)
    kernel = torch.exp(-(reach[:, None] ** 2 + reach**2) / (2 * sigma**2))
    kernel[1, 1] = 0
    kernel /= 2 * kernel.sum()
    kernel[1, 1] = 0.5
    return kernel


def smoothed_cross_entropy(logits: Tensor, target: Tensor, weight: Tensor | None = None, sigma: float = 1.0) -> Tensor:
    """Cross-entropy against `smoothed_targets`.

    Parameters
    ----------
    logits : (B, C, H, W) float
    target : (B, H, W) int64 class numbers, or for one channel of logits (B, 1, H, W) float
    weight : (C,) float, optional
        Of each class.
    sigma : float

    Raises
    ------
    NucleusError
        The shapes don't belong together.
    """
    if target.is_floating_point():
        return binary_cross_entropy(logits, smoothed_targets(target, sigma))
    one_hot = F.one_hot(target, logits.shape[1]).movedim(-1, 1).to(logits.dtype)
    return cross_entropy(logits, smoothed_targets(one_hot, sigma), weight)


class SmoothedCrossEntropy(nn.Module):
    """`smoothed_cross_entropy` as a module that keeps the weights of the classes and σ."""

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, sigma: float = 1.0) -> None:
        super().__init__()
        self.sigma = sigma
        self.register_buffer("weight", weight)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits (B, C, H, W) and class numbers (B, H, W)."""
        return smoothed_cross_entropy(logits, target, self.weight, self.sigma)
