"""From pixels to nuclei and back: means of a map over each nucleus, and values of each nucleus over its pixels."""

from __future__ import annotations

import torch
from torch import Tensor


def mean_over_nuclei(features: Tensor, labels: Tensor, ids: Tensor, stride: int = 1) -> Tensor:
    """Mean of a map over each nucleus ("RoI pooling" over its very pixels, not its box); gradients flow to the map.

    Parameters
    ----------
    features : (C, h, w) float
        A cell is ``stride`` × ``stride`` pixels.
    labels : (H, W) int64
        The instance map, 0 = background.
    ids : (N,) int64
        The nuclei, in the order of the answer; labels may have gaps and any order.
    stride : int

    Returns
    -------
    (N, C) float32
        0 for a nucleus without pixels.
    """
    if len(ids) == 0:
        return features.new_zeros((0, len(features)), dtype=torch.float32)
    row = _rows(labels, ids)
    y, x = (row < len(ids)).nonzero(as_tuple=True)
    row = row[y, x]
    cell = (y // stride) * features.shape[2] + x // stride
    # A sparse matrix, nuclei by cells, each row summing to 1: pixels of one cell share its features.
    share = 1.0 / torch.bincount(row, minlength=len(ids))[row]
    size = (len(ids), features.shape[1] * features.shape[2])
    weights = torch.sparse_coo_tensor(torch.stack([row, cell]), share, size, check_invariants=False)
    mean: Tensor = torch.sparse.mm(weights, features.float().flatten(1).T)
    return mean


def spread_over_pixels(values: Tensor, labels: Tensor, ids: Tensor) -> Tensor:
    """Values (N, K) of nuclei over their pixels, (K, H, W); 0 on background. The inverse of `mean_over_nuclei`."""
    nothing = values.new_zeros(1, values.shape[1])
    return torch.cat([values, nothing])[_rows(labels, ids)].movedim(-1, 0)


def _rows(labels: Tensor, ids: Tensor) -> Tensor:
    """Position in ``ids`` of each pixel's label, (H, W); N where it is not there."""
    if len(ids) == 0:
        return torch.zeros_like(labels, dtype=torch.int64)
    ordered, order = ids.sort()
    place = torch.searchsorted(ordered, labels.contiguous()).clamp_(max=len(ids) - 1)
    return torch.where(ordered[place] == labels, order[place], len(ids))
