"""Layer normalisation over the channels of maps and volumes."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class ChannelNorm(nn.LayerNorm):
    """Normalises each position (B, C, …) over its C channels alone, whatever lies around it."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # LayerNorm's own name
        """Of the same shape."""
        last = input.movedim(1, -1)
        return F.layer_norm(last, self.normalized_shape, self.weight, self.bias, self.eps).movedim(-1, 1)
