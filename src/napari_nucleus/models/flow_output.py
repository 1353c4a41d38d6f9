"""What every network of the Cellpose family returns."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

FLOW_SCALE = 5.0
"""Cellpose's networks are taught five times the unit flow (Stringer et al. 2021)."""


class FlowOutput(NamedTuple):
    """Raw maps of a batch, at the size of the input.

    Attributes
    ----------
    flow : (B, 2, H, W)
        y, then x; `FLOW_SCALE` times the unit flow inside nuclei.
    prob_logit : (B, 1, H, W)
        Logit of "this pixel is nucleus".
    type_logit : (B, 1 + C, H, W) or None
        Class logits, background first; None for a network without classes.
    """

    flow: Tensor
    prob_logit: Tensor
    type_logit: Tensor | None
