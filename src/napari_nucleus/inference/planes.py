"""Maps of any network as one stack of planes, so that views, models, tiles and sizes are handled the same way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_nucleus.core import FlowMaps, HoverMaps
from napari_nucleus.models.flow_output import FLOW_SCALE, FlowOutput
from napari_nucleus.models.hover_output import HoverOutput


@dataclass(frozen=True, slots=True)
class Layout:
    """What the planes hold: probability of nucleus, two components of a vector, types, edge, disagreement.

    Attributes
    ----------
    flow : bool
        The vector is a flow, y then x; it is H then V otherwise.
    n_types : int
        Planes of types, background first; 0 for a network without classes.
    boundary : bool
        Whether a plane behind the types holds the probability of an edge.
    disagreement : bool
        Whether the last plane says how far the members of an ensemble differ.
    """

    flow: bool
    n_types: int
    boundary: bool = False
    disagreement: bool = False

    @property
    def name(self) -> str:
        """What the maps are called."""
        return "flows" if self.flow else "HoVer maps"

    @property
    def x_plane(self) -> int:
        """The component that a flip from left to right negates: H, or the flow along x."""
        return 2 if self.flow else 1

    @property
    def y_plane(self) -> int:
        """The component that a flip from top to bottom negates."""
        return 3 - self.x_plane

    @property
    def types(self) -> slice:
        """The planes of the types."""
        return slice(3, 3 + self.n_types)


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """Planes of one image.

    Attributes
    ----------
    layout : Layout
    values : (K, H, W) float32
    """

    layout: Layout
    values: NDArray[np.float32]

    @property
    def disagreement(self) -> NDArray[np.float32] | None:
        """How far the members of an ensemble differ in the type of each pixel, (H, W) in [0, 1]."""
        return self.values[-1] if self.layout.disagreement else None

    def resized(self, shape: tuple[int, int]) -> Planes:
        """At another size, (H, W)."""
        if self.values.shape[1:] == shape:
            return self
        resized = [cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_LINEAR) for plane in self.values]
        return Planes(self.layout, np.stack(resized).astype(np.float32))

    def maps(self, mpp: float) -> HoverMaps | FlowMaps:
        """As maps of a pixel size in µm."""
        kinds = self.values[self.layout.types] if self.layout.n_types else None
        if self.layout.flow:
            return FlowMaps(self.values[1:3], self.values[0], kinds, mpp=mpp)
        edge = self.values[self.layout.types.stop] if self.layout.boundary else None
        return HoverMaps(self.values[0], self.values[1:3], kinds, edge, mpp=mpp)


def planes_of(output: HoverOutput | FlowOutput) -> tuple[Layout, Tensor]:
    """Probabilities and vectors of a network's answer, (B, 3 + types, H, W) float32; flows of length 1 at most."""
    n_types = 0 if output.type_logit is None else output.type_logit.shape[1]
    if isinstance(output, FlowOutput):
        flow = output.flow.float() / FLOW_SCALE
        vector = flow / torch.linalg.vector_norm(flow, dim=1, keepdim=True).clamp_min(1)
        logit, edge = output.prob_logit, None
    else:
        vector, logit, edge = output.hv.float().clamp(-1, 1), output.np_logit, output.boundary_logit
    parts = [logit.float().sigmoid(), vector]
    if output.type_logit is not None:
        parts.append(output.type_logit.float().softmax(1))
    if edge is not None:
        parts.append(edge.float().sigmoid())
    return Layout(isinstance(output, FlowOutput), n_types, edge is not None), torch.cat(parts, 1)


def entropy(types: Tensor) -> Tensor:
    """Entropy of type probabilities (B, types, H, W) as a share of the largest there can be: (B, 1, H, W) in [0, 1]."""
    logarithm = types.clamp_min(1e-12).log()
    return -(types * logarithm).sum(1, keepdim=True) / math.log(types.shape[1])
