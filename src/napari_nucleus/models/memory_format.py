"""The layout of weights in memory that convolutions are fastest with."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def channels_last(network: Network) -> Network:
    """The same network with its 2-D kernels laid out channels last.

    ``network.to(memory_format=torch.channels_last)`` refuses networks that have 3-D kernels as well.
    """
    for weights in network.parameters():
        if weights.ndim == 4:
            weights.data = weights.data.contiguous(memory_format=torch.channels_last)
    return network
