"""Label images to training targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def hv_targets(labels: NDArray[np.integer]) -> NDArray[np.float32]:
    """Horizontal and vertical distances of each nucleus pixel to its nucleus's centre, in [-1, 1].

    The centre is the rounded centre of mass. Each side of it is scaled by that side's own largest distance, as in the
    published HoVer-Net code (Graham et al. 2019, §3.1); the cost grows with the pixels alone.

    Parameters
    ----------
    labels : (H, W) integer array
        0 is background; every other value is a nucleus.

    Returns
    -------
    (2, H, W) float32 array
        Horizontal, then vertical; 0 on background.
    """
    hv = np.zeros((2, *labels.shape), np.float32)
    y, x = np.nonzero(labels)
    if len(y) == 0:
        return hv
    ids, owner = np.unique(labels[y, x], return_inverse=True)
    area = np.bincount(owner)
    for channel, position in enumerate((x, y)):
        centre = np.rint(np.bincount(owner, position) / area)
        offset = (position - centre[owner]).astype(np.float32)
        for side in (offset > 0, offset < 0):
            reach = np.zeros(len(ids), np.float32)
            np.maximum.at(reach, owner[side], np.abs(offset[side]))
            offset[side] /= reach[owner[side]]
        hv[channel, y, x] = offset
    return hv


def boundary_targets(labels: NDArray[np.integer]) -> NDArray[np.float32]:
    """Edges of nuclei, two pixels wide: where a pixel or one of the eight around it belongs to something else.

    Parameters
    ----------
    labels : (H, W) integer array

    Returns
    -------
    (1, H, W) float32 array
        1 on edges. The image's rim is none.
    """
    edge = np.zeros(labels.shape, bool)
    here, right, left = slice(None), slice(1, None), slice(None, -1)
    for a, b in (
        ((here, left), (here, right)),
        ((left, here), (right, here)),
        ((left, left), (right, right)),
        ((left, right), (right, left)),
    ):
        differs = labels[a] != labels[b]
        edge[a] |= differs
        edge[b] |= differs
    return edge[None].astype(np.float32)
