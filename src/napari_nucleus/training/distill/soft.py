"""The soft term: a student's maps against a teacher's answers, pixel by pixel.

Hinton et al. (2015, §2) divide the logits of both by a temperature T and multiply the loss by T², so that its gradients
keep their size. Shvetsov et al. (2025, §4) distil with T = 14, α = 0.3 and β = 0.7. They say neither which of α and β
weighs the soft term nor what becomes of the flows. Ours is

    α · (T² · KL of the types + T² · KL of NP + MSE of HV or flows) + β · the student's own loss,

for the paper balances "the distillation and student losses" with α and β, named in this order; flows and HV are no
probabilities, so that a temperature has no meaning for them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_nucleus.models.flow_output import FLOW_SCALE, FlowOutput
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.training.losses import logit_distillation

CERTAIN = 11.5
"""Logits beyond it say no more than "certain": a network in half precision doesn't give them reliably."""


def soft_losses(output: HoverOutput | FlowOutput, answer: Tensor, temperature: float) -> dict[str, Tensor]:
    """Parts of the soft term, before α; the outputs are taken as float32.

    Parameters
    ----------
    output : HoverOutput or FlowOutput
        Of the student, maps (B, C, H, W).
    answer : (B, K, H, W) float32
        Of the teacher: logit of NP; HV, or flow of unit length; and log-probabilities of the student's types,
        background first, where the teacher knows them.
    temperature : float

    Returns
    -------
    dict of scalars
        ``soft_np``; ``soft_hv`` or ``soft_flow``, the latter at the network's scale, 5 times the unit flow; and
        ``soft_type`` where both know types.
    """
    np_logit, vector, types = answer[:, :1], answer[:, 1:3], answer[:, 3:]
    if isinstance(output, FlowOutput):
        parts = {
            "soft_np": _two_way(output.prob_logit, np_logit, temperature),
            "soft_flow": F.mse_loss(output.flow.float(), FLOW_SCALE * vector),
        }
    else:
        parts = {
            "soft_np": _two_way(output.np_logit, np_logit, temperature),
            "soft_hv": F.mse_loss(output.hv.float(), vector),
        }
    if output.type_logit is not None and types.shape[1]:
        parts["soft_type"] = logit_distillation(output.type_logit.float(), types, temperature)
    return parts


def on_glass(answer: Tensor, seen: Tensor) -> Tensor:
    """The answer, and background where the teacher saw nothing: beyond the image's rim a crop shows bare glass.

    Parameters
    ----------
    answer : (B, K, H, W) float32
    seen : (B, 1, H, W) bool
    """
    glass = torch.full((1, answer.shape[1], 1, 1), -CERTAIN, device=answer.device)
    glass[:, 1:4] = 0.0  # no vector, and background for sure
    return torch.where(seen, answer, glass)


def _two_way(logit: Tensor, other: Tensor, temperature: float) -> Tensor:
    """Of a yes or no: its sigmoid is the softmax of the logit and 0."""
    student, teacher = (torch.cat([torch.zeros_like(z), z], 1) for z in (logit.float(), other))
    return logit_distillation(student, teacher, temperature)
