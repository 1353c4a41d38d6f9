"""Focal loss, and weights from how often a class is met (Lin et al. 2017; Guan et al. 2025, eq. 7)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_nucleus.core import NucleusError
from napari_nucleus.training.losses.checks import classes_fit


def focal_loss(logits: Tensor, target: Tensor, weight: Tensor | None = None, gamma: float = 2.0) -> Tensor:
    """−1/N · Σ τ_q·(1 − t_q)^γ·log t_q, with t_q the probability of the true class q (Guan et al. 2025, eq. 7).

    N counts the nuclei, or the pixels, whatever they weigh. Without weights and with γ = 0 it is the cross-entropy.

    Parameters
    ----------
    logits : (N, C, …) float
    target : (N, …) int64
        Class numbers.
    weight : (C,) float, optional
        τ of each class, such as `class_frequency_weights`.
    gamma : float
        Above 0, what is already sure counts less. Guan et al. take 2.

    Raises
    ------
    NucleusError
        The shapes don't belong together.
    """
    classes_fit(logits, target)
    log_t = logits.log_softmax(1).gather(1, target[:, None])[:, 0]
    loss = -((1 - log_t.exp()).clamp(min=0) ** gamma) * log_t
    return (loss if weight is None else loss * weight[target]).mean()


def class_frequency_weights(counts: Tensor) -> Tensor:
    """τ of each class: one over its share of the nuclei (Guan et al. 2025, below eq. 7; Shvetsov et al. 2025, §3).

    Shvetsov et al. speak of "coefficients derived from each cell class' instance frequency" and leave open which; these
    are ours for them, too. A class that is never met weighs nothing.

    Parameters
    ----------
    counts : (C,) numbers
        Nuclei of each class in the training set, without background.

    Returns
    -------
    (C,) float32

    Raises
    ------
    NucleusError
        There are no nuclei, or a count is negative.
    """
    counts = counts.float()
    if counts.sum() <= 0 or counts.min() < 0:
        raise NucleusError(f"Expected counts of nuclei, got {counts.tolist()}. Train on images with classes.")
    return torch.where(counts > 0, counts.sum() / counts.clamp(min=1), torch.zeros_like(counts))


def pixel_class_weights(counts: Tensor) -> Tensor:
    """Weights of background and classes, (1 + C,) float32, for maps: `class_frequency_weights`, mean 1 over the nuclei.

    Background weighs 1, so that nuclei as a whole keep the weight that they have by their pixels.
    """
    weights = class_frequency_weights(counts)
    return torch.cat([weights.new_ones(1), weights / (weights > 0).sum()])


class FocalLoss(nn.Module):
    """`focal_loss` as a module that keeps γ and the weights of the classes."""

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("weight", weight)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits (N, C, …) and class numbers (N, …)."""
        return focal_loss(logits, target, self.weight, self.gamma)
