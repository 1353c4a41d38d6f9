"""Losses of the NP, HV and NC branches (Zhang et al. §4.2: 2·CE + 2·Dice, 2·MSE + 2·MSGE, 3·CE + 1·Dice).

The paper gives "3·CE + 1·Dice" to the hover branch and MSE/MSGE to "the keypoint loss"; the meaningful reading, used
here, is NC and HV.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from napari_nucleus.training.losses.checks import classes_fit
from napari_nucleus.training.losses.cross_entropy import binary_cross_entropy, cross_entropy
from napari_nucleus.training.losses.dice import dice_loss
from napari_nucleus.training.losses.hover import mse_loss, msge_loss


def np_loss(logits: Tensor, target: Tensor) -> Tensor:
    """2·CE + 2·Dice of the nucleus probability; ``logits`` and ``target`` are (B, 1, H, W)."""
    return 2 * binary_cross_entropy(logits, target) + 2 * dice_loss(logits.sigmoid(), target)


def hv_loss(hv: Tensor, target: Tensor, inside: Tensor) -> Tensor:
    """2·MSE + 2·MSGE of the HV map.

    Parameters
    ----------
    hv, target : (B, 2, H, W) float
    inside : (B, 1, H, W) float
        1 on nuclei. The gradient error counts there only; the plain error counts everywhere.
    """
    return 2 * mse_loss(hv, target) + 2 * msge_loss(hv, target, inside)


def type_dice(logits: Tensor, target: Tensor) -> Tensor:
    """Dice of the type map, mean over background and classes: logits (B, 1 + C, H, W), class numbers (B, H, W)."""
    classes_fit(logits, target)
    one_hot = F.one_hot(target, logits.shape[1]).movedim(-1, 1).to(logits.dtype)
    return dice_loss(logits.softmax(1), one_hot)


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
    return 3 * cross_entropy(logits, target, class_weight) + type_dice(logits, target)


def boundary_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy + Dice of the edges of nuclei, (B, 1, H, W) (Guan et al. 2025: Dice + CE)."""
    return binary_cross_entropy(logits, target) + dice_loss(logits.sigmoid(), target)
