"""What any dense network is taught: its outputs against the targets that it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

import torch
from torch import Tensor

from napari_nucleus.core import NucleusError
from napari_nucleus.models.flow_output import FLOW_SCALE, FlowOutput
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.training.losses import (
    TERMS,
    Losses,
    binary_cross_entropy,
    cross_entropy,
    dice_loss,
    flow_loss,
    focal_loss,
    mse_loss,
    msge_loss,
    similarity_loss,
    smoothed_cross_entropy,
    spectral_decoupling,
    two_classes,
    type_dice,
    without_unknown,
)

__all__ = ["Targets", "flow_loss", "objective"]

Terms: TypeAlias = dict[str, Callable[[], Tensor]]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What a batch should have been answered with; what a network doesn't give may be None.

    Attributes
    ----------
    nucleus : (B, 1, H, W) float
        1 on nuclei.
    types : (B, H, W) int64
        Class of each pixel, 0 = background, `losses.UNKNOWN` on nuclei without a known class.
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


def objective(
    output: HoverOutput | FlowOutput,
    targets: Targets,
    class_weight: Tensor,
    losses: Losses | None = None,
    focal_weight: Tensor | None = None,
) -> dict[str, Tensor]:
    """The parts of the loss, a branch each, which are to be added; outputs are taken as float32.

    Parameters
    ----------
    output : HoverOutput or FlowOutput
    targets : Targets
    class_weight : (1 + C,) float
        Of background and each class in the cross-entropy of the types.
    losses : Losses, optional
        Terms and weights of each branch; by default those of the papers.
    focal_weight : (1 + C,) float, optional
        Of background and each class in the focal loss, such as `losses.pixel_class_weights`; by default
        ``class_weight``.

    Returns
    -------
    dict of scalars
        ``np``, and ``hv``, ``flow``, ``boundary``, ``teacher``, ``type`` where the network has them and `Losses` gives
        them terms. Samples without known types add nothing to ``type``.

    Raises
    ------
    NucleusError
        A target that the network needs is missing or of another size, or no branch is taught.
    """
    losses = losses or Losses()
    weights = class_weight, class_weight if focal_weight is None else focal_weight
    if not losses.per_sample:
        return _parts(output, targets, losses, *weights)
    each = [_parts(one, its, losses, *weights) for one, its in _samples(output, targets)]
    return {name: torch.stack([parts[name] for parts in each]).mean() for name in each[0]}


def _parts(
    output: HoverOutput | FlowOutput, targets: Targets, losses: Losses, class_weight: Tensor, focal_weight: Tensor
) -> dict[str, Tensor]:
    """The weighted sum of each branch's terms."""
    parts = {}
    for branch, terms in _branches(output, targets, losses.focal_gamma, class_weight, focal_weight).items():
        wanted = {name: weight for name, weight in getattr(losses, branch).items() if weight}
        if wanted:
            parts[branch] = torch.stack([weight * terms[name]() for name, weight in wanted.items()]).sum()
    if not parts:
        raise NucleusError("Expected losses of a branch that this network has, got none. Give np or type terms.")
    return parts


def _branches(
    output: HoverOutput | FlowOutput, targets: Targets, gamma: float, class_weight: Tensor, focal_weight: Tensor
) -> dict[str, Terms]:
    """The terms of each branch that the output has, by name; none is computed before it is asked for."""
    if isinstance(output, FlowOutput):
        branches = {
            "np": _map_terms(output.prob_logit, targets.nucleus, "nucleus", gamma),
            "flow": _flow_terms(output.flow.float(), targets),
        }
    else:
        branches = {
            "np": _map_terms(output.np_logit, targets.nucleus, "nucleus", gamma),
            "hv": _hv_terms(output.hv.float(), targets),
        }
        if output.boundary_logit is not None:
            branches["boundary"] = _map_terms(output.boundary_logit, targets.boundary, "boundary", gamma)
        if output.similarity is not None:
            similarity = output.similarity.float()
            branches["teacher"] = {"features": lambda: similarity_loss(similarity)}
    if output.type_logit is not None:
        branches["type"] = _type_terms(output.type_logit.float(), targets, gamma, class_weight, focal_weight)
    return branches


def _map_terms(logits: Tensor, target: Tensor | None, name: str, gamma: float) -> Terms:
    """Of a map of one channel, (B, 1, H, W)."""
    logits = logits.float()

    def wanted() -> Tensor:
        return _given(target, name)

    return {
        "cross_entropy": lambda: binary_cross_entropy(logits, wanted()),
        "smoothed_cross_entropy": lambda: smoothed_cross_entropy(logits, wanted()),
        "dice": lambda: dice_loss(logits.sigmoid(), wanted()),
        "focal": lambda: focal_loss(two_classes(logits), wanted()[:, 0].long(), None, gamma),
        "decoupling": lambda: spectral_decoupling(logits),
    }


def _hv_terms(hv: Tensor, targets: Targets) -> Terms:
    return {
        "mse": lambda: mse_loss(hv, _given(targets.hv, "hv")),
        "msge": lambda: msge_loss(hv, _given(targets.hv, "hv"), targets.nucleus),
    }


def _flow_terms(flow: Tensor, targets: Targets) -> Terms:
    return {"cellpose": lambda: flow_loss(flow, FLOW_SCALE * _given(targets.flow, "flow"))}


def _type_terms(logits: Tensor, targets: Targets, gamma: float, class_weight: Tensor, focal_weight: Tensor) -> Terms:
    """Of the type map, over what has a known type; where nothing has, they are 0 and teach nothing."""
    if not targets.typed.any():
        nothing = logits.sum() * 0.0
        return dict.fromkeys(TERMS["type"], lambda: nothing)
    everywhere = logits[targets.typed]
    logits, types = without_unknown(everywhere, targets.types[targets.typed])
    return {
        "cross_entropy": lambda: cross_entropy(logits, types, class_weight),
        "smoothed_cross_entropy": lambda: smoothed_cross_entropy(logits, types, class_weight),
        "dice": lambda: type_dice(logits, types),
        "focal": lambda: focal_loss(logits, types, focal_weight, gamma),
        "decoupling": lambda: spectral_decoupling(everywhere),
    }


def _samples(output: HoverOutput | FlowOutput, targets: Targets) -> Iterator[tuple[HoverOutput | FlowOutput, Targets]]:
    """A batch, sample by sample."""
    for i in range(len(targets.typed)):
        its: dict[str, Any] = {f.name: _one(getattr(targets, f.name), i) for f in fields(targets)}
        yield type(output)(*(_one(map_, i) for map_ in output)), replace(targets, **its)


def _one(batch: Tensor | None, i: int) -> Any:
    return None if batch is None else batch[i : i + 1]


def _given(target: Tensor | None, name: str) -> Tensor:
    if target is None:
        raise NucleusError(f"Expected a target {name!r} for this network, got none. Make it from the labels.")
    return target
