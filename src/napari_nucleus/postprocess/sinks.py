"""Where the pixels of a flow end, and which of them end together (Stringer et al. 2021, "gradient tracking")."""

from __future__ import annotations

import math
from functools import reduce
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

# Every so many steps the pixels that came to rest, or go to and fro between two points, are left where they are.
_STEPS_AT_ONCE = 8
_AT_REST_PX = 0.01


def end_points(flow: Tensor, mask: Tensor, steps: int) -> Tensor:
    """Follow the flow from each pixel of a mask, a pixel's width a step at most where the flow is of unit length.

    Outside the mask the flow is taken as 0; between pixels it is interpolated. Most pixels arrive within a few steps,
    so that the cost grows with the distance to the centres rather than with ``steps``.

    Parameters
    ----------
    flow : (2, H, W) float32
        y, then x.
    mask : (H, W) bool
    steps : int
        The most steps; rounded up to a multiple of 8.

    Returns
    -------
    (N, 2) int64
        Row and column of the pixel in which each of the mask's N pixels, in reading order, ends.
    """
    size = torch.tensor([[mask.shape[0]], [mask.shape[1]]], dtype=flow.dtype, device=flow.device)
    field = (flow * mask * (2 / size)[..., None])[None]  # (1, 2, H, W), the image from -1 to 1
    here = (2 * mask.nonzero().T + 1) / size - 1  # (2, N)
    rim, at_rest = 1 - 1 / size, _AT_REST_PX * 2 / size
    ends, moving = here.clone(), torch.arange(here.shape[1], device=flow.device)
    for _ in range(math.ceil(steps / _STEPS_AT_ONCE)):
        before = here
        for _ in range(_STEPS_AT_ONCE):
            x_y = here.flip(0).T[None, None]
            step = F.grid_sample(field, x_y, align_corners=False)[0, :, 0]
            here = torch.clamp(here + step, -rim, rim)
        ends[:, moving] = here
        still_going = ((here - before).abs() > at_rest).any(0).nonzero()[:, 0]
        here, moving = here[:, still_going], moving[still_going]
        if not len(moving):
            break
    # A hair more than a half: a point between two pixels belongs to the same one in every crop of an image.
    return torch.floor(((ends + 1) * size - 1) / 2 + 0.501).long().T


def sinks(ends: Tensor, shape: tuple[int, int], *, apart: int, reach: int, least: float, floor: float) -> Tensor:
    """Number the sinks of a flow, and tell for each of the points that ended somewhere in which one it did.

    A seed is a pixel where more than ``least`` points end and nowhere near it more. It takes in the pixels around
    that are hit more than ``floor`` times; where two seeds claim a pixel, the one that is hit more often has it.

    Parameters
    ----------
    ends : (N, 2) int64
        Of `end_points`.
    shape : (H, W)
    apart : int
        Seeds are the most often hit in a square of this many pixels to each side.
    reach : int
        How far a seed takes in pixels, step by step to one of the eight neighbours.
    least, floor : float
        Points.

    Returns
    -------
    (N,) int32
        1, 2, …; 0 for points that ended in no sink.
    """
    rim = max(apart, 1)
    width = shape[1] + 2 * rim
    ends = (ends[:, 0] + rim) * width + ends[:, 1] + rim
    hits = torch.bincount(ends, minlength=(shape[0] + 2 * rim) * width)
    seeds = (hits > least).nonzero()[:, 0]
    seeds = seeds[hits[seeds] == _most_around(hits, seeds, apart, width)]
    seeds = seeds[hits[seeds].argsort(stable=True)]
    number = torch.zeros(len(hits), dtype=torch.int32, device=ends.device)
    number[seeds] = torch.arange(1, len(seeds) + 1, dtype=torch.int32, device=ends.device)
    often = (hits > floor).nonzero()[:, 0]
    for _ in range(reach):
        number[often] = _most_around(number, often, 1, width)
    return number[ends]


def _most_around(values: Tensor, at: Tensor, radius: int, width: int) -> Tensor:
    """The highest value in a square around each of some pixels of an image of this width, all as flat arrays."""
    span = range(-radius, radius + 1)
    return reduce(torch.maximum, (values[at + y * width + x] for y, x in product(span, span)))
