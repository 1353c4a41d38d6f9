"""The contrastive loss, where a description may fit several nuclei of a batch."""

from __future__ import annotations

import torch
from torch import Tensor


def contrastive_loss(logits: Tensor, fits: Tensor, told: Tensor) -> Tensor:
    """Cross-entropy of nuclei and descriptions both ways, scalar.

    That of CLIP (Radford et al. 2021, figure 3), but that all which fits is to be found with the same probability, as
    in UniCL (Yang et al. 2022): with few words, a batch holds most descriptions several times. Pairs of which nobody
    knows whether they fit don't count.

    Parameters
    ----------
    logits : (N, T) float
        Similarities times the scale.
    fits, told : (N, T) bool
        Which pairs fit, and of which that is known.
    """
    logits = logits.masked_fill(~told, float("-inf"))
    fits = fits & told
    return (_one_way(logits, fits) + _one_way(logits.T, fits.T)) / 2


def _one_way(logits: Tensor, fits: Tensor) -> Tensor:
    log_share = torch.where(fits, logits - logits.logsumexp(1, keepdim=True), 0.0)
    counted = fits.any(1)
    return -(log_share.sum(1) / fits.sum(1).clamp_min(1))[counted].mean()
