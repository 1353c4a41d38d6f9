"""Images that are annotated here and there: where the annotation counts."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_nucleus.models.flow_output import FLOW_SCALE, FlowOutput
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.training.losses import UNKNOWN
from napari_nucleus.training.task import Batch

# A logit that a loss has nothing more to say to.
_CERTAIN = 30.0


def counted_pixels(nucleus: Tensor, partial: Tensor, doubtful: Tensor, margin_px: int) -> Tensor:
    """Where a batch's annotation counts.

    Parameters
    ----------
    nucleus : (B, 1, H, W) bool
        Annotated nuclei.
    partial : (B,) bool
        Samples that are annotated here and there; elsewhere everything counts.
    doubtful : (B, 1, H, W) bool
        What the start takes for a nucleus: where nobody annotated one, it may be one all the same.
    margin_px : int
        How far around an annotated nucleus its background is known.

    Returns
    -------
    (B, 1, H, W) bool
    """
    near = F.max_pool2d(nucleus.float(), 2 * margin_px + 1, 1, margin_px) > 0
    return (nucleus | (near & ~doubtful)) | ~partial[:, None, None, None]


def where_counted(output: Any, batch: Batch, counted: Tensor) -> Any:
    """A network's answer in which all that doesn't count is right already, so that no loss teaches anything there.

    Parameters
    ----------
    output : HoverOutput or FlowOutput
    batch : dict of Tensor
        ``nucleus``, ``types`` and the network's dense targets.
    counted : (B, 1, H, W) bool
    """
    nucleus, types = batch["nucleus"].bool(), batch["types"].long()
    right = {
        "np_logit": lambda: _certain(nucleus),
        "prob_logit": lambda: _certain(nucleus),
        "hv": lambda: batch["hv"],
        "flow": lambda: FLOW_SCALE * batch["flow"],
        "boundary_logit": lambda: _certain(batch["boundary"] > 0.5),
    }
    maps = {
        name: torch.where(counted, getattr(output, name), make().to(getattr(output, name).dtype))
        for name, make in right.items()
        if getattr(output, name, None) is not None
    }
    if output.type_logit is not None:
        one_hot = F.one_hot(torch.where(types == UNKNOWN, 0, types), output.type_logit.shape[1]).movedim(-1, 1)
        certain = (_CERTAIN * one_hot).to(output.type_logit.dtype)
        maps["type_logit"] = torch.where(counted, output.type_logit, certain)
    return output._replace(**maps)


def nucleus_logit(output: HoverOutput | FlowOutput) -> Tensor:
    """Logit of nucleus, (B, 1, H, W), of either kind of maps."""
    return output.prob_logit if isinstance(output, FlowOutput) else output.np_logit


def _certain(yes: Tensor) -> Tensor:
    return torch.where(yes, _CERTAIN, -_CERTAIN)
