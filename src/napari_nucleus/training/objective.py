"""What any dense network is taught: its outputs against the targets that it gives."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from napari_nucleus.core import NucleusError
from napari_nucleus.models.flow_output import FLOW_SCALE, FlowOutput
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.training.losses import dice_loss, hv_loss, np_loss, type_loss


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What a batch should have been answered with; what a network doesn't give may be None.

    Attributes
    ----------
    nucleus : (B, 1, H, W) float
        1 on nuclei.
    types : (B, H, W) int64
        Class of each pixel, 0 = background.
    typed : (B,) bool
        Samples whose classes are known.
    hv : (B, 2, H, W) float or None
        `targets.hv_targets`.
    flow : (B, 2, H, W) float or None
        `flow_targets.flow_targets`, of unit length.
    boundary : (B, 1, H, W) float or None
        1 on the edges of nuclei.
    """

    nucleus: Tensor
    types: Tensor
    typed: Tensor
    hv: Tensor | None = None
    flow: Tensor | None = None
    boundary: Tensor | None = None


def objective(output: HoverOutput | FlowOutput, targets: Targets, class_weight: Tensor) -> dict[str, Tensor]:
    """The parts of the loss, which are to be added; outputs are taken as float32.

    Parameters
    ----------
    output : HoverOutput or FlowOutput
    targets : Targets
    class_weight : (1 + C,) float
        Of background and each class in the cross-entropy of the types.

    Raises
    ------
    NucleusError
        A target that the network needs is missing.
    """
    if isinstance(output, FlowOutput):
        flow = FLOW_SCALE * _given(targets.flow, "flow")
        parts = {
            "np": np_loss(output.prob_logit.float(), targets.nucleus),
            "flow": flow_loss(output.flow.float(), flow),
        }
    else:
        parts = {
            "np": np_loss(output.np_logit.float(), targets.nucleus),
            "hv": hv_loss(output.hv.float(), _given(targets.hv, "hv"), targets.nucleus),
        }
        if output.boundary_logit is not None:
            parts["boundary"] = boundary_loss(output.boundary_logit.float(), _given(targets.boundary, "boundary"))
        if output.similarity is not None:
            parts["teacher"] = teacher_loss(output.similarity.float())
    if output.type_logit is not None:
        parts["type"] = type_loss(output.type_logit.float(), targets.types, class_weight, targets.typed)
    return parts


def flow_loss(flow: Tensor, target: Tensor) -> Tensor:
    """Half the mean square error of flows (B, 2, H, W), both at the network's scale (Stringer et al. 2021)."""
    return F.mse_loss(flow, target) / 2


def boundary_loss(logit: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy + Dice of the edges of nuclei, (B, 1, H, W) (Guan et al.: Dice + CE)."""
    return F.binary_cross_entropy_with_logits(logit, target) + dice_loss(logit.sigmoid(), target)


def teacher_loss(similarity: Tensor) -> Tensor:
    """Mean square distance of a teacher's and a student's normalised tokens (Guan et al., eq. 8).

    ``similarity`` (B, M, T, T) holds their cosines; on its diagonals both are the same token: ‖t − s‖² = 2 − 2·cos.
    """
    return 2 - 2 * similarity.diagonal(dim1=-2, dim2=-1).mean()


def _given(target: Tensor | None, name: str) -> Tensor:
    if target is None:
        raise NucleusError(f"Expected a target {name!r} for this network, got none. Make it from the labels.")
    return target
