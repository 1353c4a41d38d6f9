"""Pixels of nuclei whose class isn't known."""

from __future__ import annotations

import torch
from torch import Tensor

UNKNOWN = 255
"""Class of a pixel of a nucleus whose class isn't known: it is learnt as nucleus alone."""

# exp(-30) is nothing beside 1 in single precision.
_SURE = 30.0


def without_unknown(logits: Tensor, types: Tensor) -> tuple[Tensor, Tensor]:
    """Logits and types in which pixels without a known class are background, answered right: they teach nothing.

    Parameters
    ----------
    logits : (B, 1 + C, H, W) float
    types : (B, H, W) int64
        `UNKNOWN` where the class isn't known.

    Returns
    -------
    logits, types
        As they came, where all classes are known.
    """
    unknown = types == UNKNOWN
    if not unknown.any():
        return logits, types
    right = torch.zeros_like(logits)
    right[:, 0] = _SURE
    return torch.where(unknown[:, None], right, logits), types.masked_fill(unknown, 0)
