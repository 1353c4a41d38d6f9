"""Losses of the NP, HV and NC branches (Zhang et al. §4.2: 2·CE + 2·Dice, 2·MSE + 2·MSGE, 3·CE + 1·Dice).

The paper gives "3·CE + 1·Dice" to the hover branch and MSE/MSGE to "the keypoint loss"; the meaningful reading, used
here, is NC and HV.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_SMOOTH = 1e-3


def dice_loss(probability: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Soft Dice loss, mean over the channels: 1 − 2·Σpt / (Σp + Σt) (Graham et al. 2019, eq. 5).

    Parameters
    ----------
    probability, target : (B, C, H, W) float
    weight : (B, 1, 1, 1) float, optional
        0 leaves a sample out.
    """
    if weight is not None:
        probability, target = probability * weight, target * weight
    overlap = (probability * target).sum((0, 2, 3))
    size = probability.sum((0, 2, 3)) + target.sum((0, 2, 3))
    return (1 - (2 * overlap + _SMOOTH) / (size + _SMOOTH)).mean()


def np_loss(logits: Tensor, target: Tensor) -> Tensor:
    """2·CE + 2·Dice of the nucleus probability; ``logits`` and ``target`` are (B, 1, H, W)."""
    cross_entropy = F.binary_cross_entropy_with_logits(logits, target)
    return 2 * cross_entropy + 2 * dice_loss(logits.sigmoid(), target)


def sobel_kernels(size: int = 5) -> Tensor:
    """Horizontal and vertical derivative kernels, (2, 1, size, size), as HoVer-Net's gradient loss uses them.

    Each weight is the offset along the derivative's axis over the squared distance to the centre.
    """
    reach = torch.arange(size, dtype=torch.float32) - size // 2
    v, h = torch.meshgrid(reach, reach, indexing="ij")
    square = h * h + v * v
    square[size // 2, size // 2] = 1
    return torch.stack([h / square, v / square])[:, None]


def hv_loss(hv: Tensor, target: Tensor, inside: Tensor) -> Tensor:
    """2·MSE + 2·MSGE of the HV map (Graham et al. 2019, eq. 3 and 4).

    Parameters
    ----------
    hv, target : (B, 2, H, W) float
    inside : (B, 1, H, W) float
        1 on nuclei. The gradient error counts there only; the plain error counts everywhere.
    """
    error = hv - target
    # The gradient of the error is the error of the gradients; channel 0 along x, channel 1 along y.
    gradient = F.conv2d(error, sobel_kernels().to(error), padding=2, groups=2)
    msge = (gradient.square() * inside).sum() / (2 * inside.sum() + 1e-8)
    return 2 * error.square().mean() + 2 * msge


def type_loss(logits: Tensor, target: Tensor, class_weight: Tensor, known: Tensor) -> Tensor:
    """3·CE + 1·Dice of the type map, over the samples whose classes are known.

    Parameters
    ----------
    logits : (B, 1 + C, H, W) float
        Background first.
    target : (B, H, W) int64
    class_weight : (1 + C,) float
        Weight of each class in the cross-entropy.
    known : (B,) bool
        Samples that carry classes; the others add nothing.
    """
    if not known.any():
        return logits.sum() * 0.0
    logits, target = logits[known], target[known]
    cross_entropy = F.cross_entropy(logits, target, class_weight)
    one_hot = F.one_hot(target, logits.shape[1]).movedim(-1, 1).to(logits.dtype)
    return 3 * cross_entropy + dice_loss(logits.softmax(1), one_hot)
