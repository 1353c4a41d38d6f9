"""Logits of many cells, batch by batch, read from the file as they are needed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

BATCH = 256


def cell_logits(
    network: nn.Module, pictures: NDArray[np.uint8], rows: NDArray[np.integer], device: torch.device | str
) -> Iterator[NDArray[np.float32]]:
    """Logits (≤ 256, C) of the cells in these rows, in their order.

    Parameters
    ----------
    network : nn.Module
        On the device, in evaluation mode.
    pictures : (N, side, side, 3) uint8
        May be memory-mapped.
    rows : (n,) integers
    device : torch.device or str
    """
    for first in range(0, len(rows), BATCH):
        chosen = torch.from_numpy(pictures[rows[first : first + BATCH]])
        with torch.no_grad():
            logits = network(chosen.to(device).permute(0, 3, 1, 2).float() / 255)
        yield logits.float().cpu().numpy()
