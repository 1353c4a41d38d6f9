"""The running average of a network's weights: the ones that are validated and kept."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import nn


class Average:
    """Exponential moving average of a network's weights and buffers.

    While there are few updates the decay is lower, n / (n + 9), so that the average forgets the weights that training
    began with also in a short run.

    Parameters
    ----------
    network : nn.Module
        What is frozen in it is shared, not copied.
    decay : float
        0 follows the network.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        frozen = {id(weight): weight for weight in network.parameters() if not weight.requires_grad}
        self.network = deepcopy(network, frozen).requires_grad_(False).eval()
        self._decay = decay
        self._updates = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take the network's present weights in."""
        decay = min(self._decay, self._updates / (self._updates + 9))
        self._updates += 1
        current = network.state_dict()
        for name, averaged in self.network.state_dict().items():
            if averaged.data_ptr() == current[name].data_ptr():
                continue
            if averaged.is_floating_point():
                averaged.lerp_(current[name], 1 - decay)
            else:
                averaged.copy_(current[name])

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"weights": self.network.state_dict(), "updates": self._updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put a checkpoint's state back."""
        self.network.load_state_dict(state["weights"])
        self._updates = state["updates"]
