"""Label images to flows, as Cellpose does it (Stringer et al. 2021)."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

# A slope of less than this share of the heat is rounding.
_FLAT = 1e-5
_AROUND = tuple(product((-1, 0, 1), repeat=2))
_UP, _LEFT, _RIGHT, _DOWN = (_AROUND.index(step) for step in ((-1, 0), (0, -1), (0, 1), (1, 0)))


def flow_targets(labels: NDArray[np.integer], *, like_cellpose: bool = False) -> NDArray[np.float32]:
    """Unit vectors that lead from each nucleus pixel to the nucleus's centre, around its bays.

    Heat is put into the pixel closest to each nucleus's centre of mass (into all of them where several are, so that a
    mirrored nucleus has the mirrored flow), again and again; each time it spreads evenly over a pixel and its eight
    neighbours, and what leaves the nucleus is lost. The flow is the slope of the heat.
    Nuclei share nothing, however close they lie. All are heated at once, each twice as many times as its height and
    width together have pixels, so that its flow doesn't depend on what else is in the image; Cellpose heats all as
    long as the largest needs.

    Parameters
    ----------
    labels : (H, W) integer array
        0 is background; every other value is a nucleus. Labels may have gaps.
    like_cellpose : bool
        Give what Cellpose's own code gives, for networks that were taught with it: one pixel of each nucleus is
        heated, all of them equally long, and where two touch, the slope is taken to the heat of the other one, so that
        flows there lead astray.

    Returns
    -------
    (2, H, W) float32 array
        y, then x; 0 on background and where the heat has no slope, as in a nucleus of one pixel.
    """
    flow = np.zeros((2, *labels.shape), np.float32)
    y, x = np.nonzero(labels)
    if len(y) == 0:
        return flow
    owner = np.unique(labels[y, x], return_inverse=True)[1]
    times = 2 * (_extent(y, owner) + _extent(x, owner) + 2)
    if like_cellpose:
        times[:] = times.max()
    order = np.lexsort((owner, -times[owner]))  # the longest first, each nucleus's pixels together
    y, x, owner = y[order], x[order], owner[order]
    around = _neighbours(y, x, labels.shape)
    near = np.where(np.append(owner, -1)[around] == owner, around, np.int32(len(owner)))
    heat = np.append(_heated(near, _centres(y, x, owner, one=like_cellpose), times[owner]), np.float32(0))
    near = around if like_cellpose else near
    slope = np.stack([heat[near[_DOWN]] - heat[near[_UP]], heat[near[_RIGHT]] - heat[near[_LEFT]]])
    length = np.hypot(*slope)
    flow[:, y, x] = slope / np.where(length > _FLAT * heat[:-1], length, np.inf)
    return flow


def _extent(position: NDArray[np.intp], owner: NDArray[np.intp]) -> NDArray[np.int64]:
    """Pixels from the first to the last row (or column) of each nucleus."""
    n_nuclei = int(owner.max()) + 1
    first, last = np.full(n_nuclei, np.iinfo(np.int64).max), np.zeros(n_nuclei, np.int64)
    np.minimum.at(first, owner, position)
    np.maximum.at(last, owner, position)
    return last - first + 1


def _centres(y: NDArray[np.intp], x: NDArray[np.intp], owner: NDArray[np.intp], one: bool) -> NDArray[np.intp]:
    """Numbers of the pixels closest to the centre of mass of each nucleus, in whole numbers: ties are exact."""
    area = np.bincount(owner)
    off_y, off_x = (area[owner] * p - np.bincount(owner, p).astype(np.int64)[owner] for p in (y, x))
    far = off_y.astype(np.float64) ** 2 + off_x.astype(np.float64) ** 2
    order = np.lexsort((far, owner))
    first = order[np.cumsum(area) - area]
    return first if one else np.flatnonzero(far == far[first][owner])


def _neighbours(y: NDArray[np.intp], x: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Numbers of the pixels around each, (9, N), its own in the middle; N where there is no nucleus."""
    n_pixels, width = len(y), shape[1] + 2
    number = np.full((shape[0] + 2) * width, n_pixels, np.int32)
    here = (y + 1) * width + x + 1
    number[here] = np.arange(n_pixels)
    near: NDArray[np.int32] = number[here + np.array([dy * width + dx for dy, dx in _AROUND])[:, None]]
    return near


def _heated(near: NDArray[np.int32], centres: NDArray[np.intp], times: NDArray[np.int64]) -> NDArray[np.float32]:
    """Heat of each pixel after as many rounds as it takes part in; ``times`` falls from pixel to pixel."""
    inside = (near < near.shape[1]).T
    indices, starts = near.T[inside], np.append(0, np.cumsum(inside.sum(1))).astype(np.int32)
    shares = np.full(len(indices), 1 / 9, np.float32)
    heat = np.zeros(near.shape[1], np.float32)
    done = 0
    for until in np.unique(times):
        n = int(np.searchsorted(-times, -until, "right"))  # those that go on at least so long
        spread = csr_array((shares[: starts[n]], indices[: starts[n]], starts[: n + 1]), (n, n))
        active = centres[centres < n]
        for _ in range(done, until):
            heat[active] += 1
            heat[:n] = spread @ heat[:n]
        done = until
    return heat
