"""Learning without forgetting: stay close to what the start says of the new images (Li and Hoiem 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_nucleus.models.flow_output import FLOW_SCALE, FlowOutput
from napari_nucleus.training.finetune.counted import nucleus_logit


def remembering_loss(output: Any, start: Any, kept: Sequence[int]) -> Tensor:
    """Distance of a network's maps from the start's, a scalar.

    Cross-entropy with the start's probabilities for NP and for the types (less the start's own entropy, so that it is 0
    where both agree), mean squared error for HV and flows (in units of the unit flow). Weights as of the objective of
    each map: 2, 3 and 2.

    Parameters
    ----------
    output, start : HoverOutput or FlowOutput
        Of the same images; the start's without gradient.
    kept : sequence of int
        Channels of the types that the start knows, background among them; new classes are free.
    """
    mine, before = nucleus_logit(output).float(), nucleus_logit(start).float()
    loss = 2 * _divergence(torch.cat([mine, torch.zeros_like(mine)], 1), torch.cat([before, before * 0], 1))
    if isinstance(output, FlowOutput):
        loss = loss + 2 * F.mse_loss(output.flow.float() / FLOW_SCALE, start.flow.float() / FLOW_SCALE)
    else:
        loss = loss + 2 * F.mse_loss(output.hv.float(), start.hv.float())
    if output.type_logit is not None and len(kept) > 1:
        index = torch.as_tensor(kept, device=output.type_logit.device)
        loss = loss + 3 * _divergence(*(maps.type_logit.float().index_select(1, index) for maps in (output, start)))
    return loss


def _divergence(logits: Tensor, wanted: Tensor) -> Tensor:
    """Kullback–Leibler divergence of the softmax over channels, mean over pixels."""
    logarithms = F.log_softmax(logits, 1), F.log_softmax(wanted, 1)
    return F.kl_div(*logarithms, reduction="none", log_target=True).sum(1).mean()
