"""Dice loss (Graham et al. 2019, eq. 5; Guan et al. 2025, eq. 5)."""

from __future__ import annotations

from torch import Tensor, nn

from napari_nucleus.training.losses.checks import same_shape

# Small beside any nucleus, and large enough that maps without any cost nothing where nothing is seen.
SMOOTH = 1e-3


def dice_loss(probability: Tensor, target: Tensor, weight: Tensor | None = None, smooth: float = SMOOTH) -> Tensor:
    """1 − (2·Σpt + ε) / (Σp + Σt + ε), the sums over a batch's pixels, mean over the channels.

    Guan et al. print Σpt in the denominator too, without the 2 and without Σp + Σt, which makes the loss −1 whatever is
    predicted; meant is the Dice coefficient.

    Parameters
    ----------
    probability, target : (B, C, H, W) float
    weight : (B, 1, 1, 1) float, optional
        0 leaves a sample out.
    smooth : float
        ε. Guan et al. take 1e-8.

    Raises
    ------
    NucleusError
        The shapes differ.
    """
    same_shape(probability, target)
    if weight is not None:
        probability, target = probability * weight, target * weight
    overlap = (probability * target).sum((0, 2, 3))
    size = probability.sum((0, 2, 3)) + target.sum((0, 2, 3))
    return (1 - (2 * overlap + smooth) / (size + smooth)).mean()


class DiceLoss(nn.Module):
    """`dice_loss` as a module."""

    def __init__(self, smooth: float = SMOOTH) -> None:
        super().__init__()
        self.smooth = smooth

    def forward(self, probability: Tensor, target: Tensor) -> Tensor:
        """The loss of probabilities and targets (B, C, H, W)."""
        return dice_loss(probability, target, smooth=self.smooth)
