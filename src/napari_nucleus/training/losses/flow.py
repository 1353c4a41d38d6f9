"""Loss of flows (Stringer et al. 2021)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.training.losses.checks import same_shape


def flow_loss(flow: Tensor, target: Tensor) -> Tensor:
    """Half the mean squared error of flows, both at the network's scale (Stringer et al. 2021, methods).

    Cellpose's networks are taught five times the unit flow, and beside it by cross-entropy which pixels are nucleus.

    Parameters
    ----------
    flow, target : (B, 2, H, W) float
        y, then x.

    Raises
    ------
    NucleusError
        The shapes differ.
    """
    same_shape(flow, target)
    return F.mse_loss(flow, target) / 2


class FlowLoss(nn.Module):
    """`flow_loss` as a module that brings unit flows to the network's scale."""

    def __init__(self, scale: float = 5.0) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, flow: Tensor, unit_target: Tensor) -> Tensor:
        """The loss of a network's flows (B, 2, H, W) against flows of length 1."""
        return flow_loss(flow, self.scale * unit_target)
