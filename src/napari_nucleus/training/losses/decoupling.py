"""Spectral decoupling (Pezeshki et al. 2021; for H&E Pohjonen et al. 2022)."""

from __future__ import annotations

from torch import Tensor, nn


def spectral_decoupling(logits: Tensor) -> Tensor:
    """½·‖ŷ‖²: half the squared length of the logits, mean over the pixels (Pezeshki et al. 2021, with λ in front).

    Added to the cross-entropy, with a small weight λ, it keeps a network from growing so sure by one feature that it
    learns no other. The papers speak of one vector of logits a sample; on a map each pixel has one, so that λ means the
    same whatever the size. Shvetsov et al. name no λ; Pohjonen et al. take 0.01.

    Parameters
    ----------
    logits : (N, C, …) float

    Returns
    -------
    scalar
    """
    return logits.square().sum(1).mean() / 2


class SpectralDecoupling(nn.Module):
    """`spectral_decoupling` as a module that keeps its weight λ."""

    def __init__(self, weight: float = 0.01) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, logits: Tensor) -> Tensor:
        """λ/2·‖ŷ‖² of logits (N, C, …)."""
        return self.weight * spectral_decoupling(logits)
