"""Cross-entropy, of one map and of classes (Graham et al. 2019, eq. 4; Guan et al. 2025, eq. 6)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.training.losses.checks import classes_fit, same_shape


def binary_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """−[t·log p + (1 − t)·log(1 − p)] with p = σ(logit), mean over all pixels.

    Parameters
    ----------
    logits, target : (B, 1, H, W) float
        Targets lie in [0, 1]; they may be smoothed.

    Raises
    ------
    NucleusError
        The shapes differ.
    """
    same_shape(logits, target)
    return F.binary_cross_entropy_with_logits(logits, target)


def cross_entropy(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """−Σ w·y·log p / Σ w·y over pixels and classes, with p the softmax of the logits.

    Without weights it is the mean over the pixels, as Guan et al. print it (eq. 6; their Q, "the number of nuclei", is
    read as the number of classes that a pixel may have).

    Parameters
    ----------
    logits : (N, C, …) float
    target : (N, …) int64 class numbers, or (N, C, …) float
        Shares of the classes, such as smoothed labels, add up to 1 over C.
    weight : (C,) float, optional
        Of each class.

    Raises
    ------
    NucleusError
        The shapes don't belong together.
    """
    if target.is_floating_point():
        same_shape(logits, target)
        share = target if weight is None else target * weight.view(-1, *[1] * (logits.ndim - 2))
        return -(share * logits.log_softmax(1)).sum() / share.sum()
    classes_fit(logits, target)
    return F.cross_entropy(logits, target, weight)


def two_classes(logits: Tensor) -> Tensor:
    """Logits of one map (B, 1, …) as those of two classes (B, 2, …), "no" and "yes", with the same probabilities."""
    return torch.cat([torch.zeros_like(logits), logits], 1)


class BinaryCrossEntropy(nn.Module):
    """`binary_cross_entropy` as a module."""

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits and targets (B, 1, H, W)."""
        return binary_cross_entropy(logits, target)


class CrossEntropy(nn.Module):
    """`cross_entropy` as a module that keeps the weights of the classes."""

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits (N, C, …) and class numbers (N, …) or shares (N, C, …)."""
        return cross_entropy(logits, target, self.weight)
