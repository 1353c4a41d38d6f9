"""Weights between the start's and the fine-tuned ones: most of what was learnt, little of what was forgotten.

Wortsman et al. 2022, "Robust fine-tuning of zero-shot models" (WiSE-FT), eq. 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_nucleus.models.parts import type_layer

SHARES = (0.75, 0.5, 0.25)
"""Of the fine-tuned weights, in the order in which they are tried."""


def blend(network: nn.Module, start: nn.Module, tuned: dict[str, Tensor], share: float, known: Sequence[int]) -> None:
    """Give a network weights between those of the start and fine-tuned ones.

    Parameters
    ----------
    network : nn.Module
        Is changed.
    start : nn.Module
    tuned : dict of Tensor
        State of the fine-tuned network.
    share : float
        Of the fine-tuned weights, in [0, 1].
    known : sequence of int
        Rows of the layer of types that the start knows; the others stay as they were fine-tuned.
    """
    layer = type_layer(network)
    state = {}
    for name, before in start.state_dict().items():
        after = tuned[name].to(before)
        state[name] = torch.lerp(before, after, share) if before.is_floating_point() else before
        if name.rpartition(".")[0] == layer:
            new = [i for i in range(len(before)) if i not in known]
            state[name][new] = after[new]
    network.load_state_dict(state)
