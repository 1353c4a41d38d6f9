"""One step of the assignment of least total distance: a point without partner finds its place. Compiled.

Points of two sides have prices that never add up to more than their distance, and exactly to it where they are
partners; so no other assignment of the points that have partners is shorter (Kuhn 1955; Jonker and Volgenant 1987).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_Y, _X, _PRICE, _PATH, _SOURCE, _WHO = range(6)


@njit(cache=True, nogil=True)
def augment(
    start: int,
    yx: Floats,
    price: Floats,
    partner: Indices,
    their_yx: Floats,
    their_price: Floats,
    their_partner: Indices,
    ceiling: float,
) -> None:
    """Give a point the partner that costs least in all, or leave another one of its side without; all in place.

    Follows the shortest alternating path from the point, by distance less prices, to a point of the other side that
    has no partner, or to one of its own side that may give up its partner because its price reaches the ceiling.

    Parameters
    ----------
    start : int
        The point; it has no partner.
    yx, price, partner : (N, 2) float64, (N,) float64, (N,) int64
        Its side; -1 is no partner.
    their_yx, their_price, their_partner
        The other side likewise, (M, …).
    ceiling : float
        Price of those that stay without partner; infinite where none may.
    """
    size = len(their_yx)
    open_ = np.empty((6, size))  # a column each point of the other side that is not reached yet; rows as named below
    open_[_Y], open_[_X], open_[_PRICE] = their_yx[:, 0], their_yx[:, 1], their_price
    open_[_PATH], open_[_WHO] = np.inf, np.arange(size)
    source = np.empty(size, np.int64)  # by whom the shortest path comes
    n_open, length, mine = size, 0.0, start
    last, limit = start, np.inf
    while True:
        if length + ceiling - price[mine] < limit:
            last, limit = mine, length + ceiling - price[mine]
        at = _nearest(open_, n_open, yx[mine, 0], yx[mine, 1], length - price[mine], mine)
        if at < 0 or open_[_PATH, at] >= limit:
            _reprice(limit, start, price, their_price, their_partner, open_[:, n_open:])
            price[last] = ceiling  # free of rounding
            if last != start:
                end, partner[last] = partner[last], -1
                _pass_on(end, start, partner, their_partner, source)
            return
        n_open -= 1
        for row in range(len(open_)):
            open_[row, at], open_[row, n_open] = open_[row, n_open], open_[row, at]
        length = open_[_PATH, n_open] = max(length, open_[_PATH, n_open])
        end = int(open_[_WHO, n_open])
        source[end] = int(open_[_SOURCE, n_open])
        if their_partner[end] < 0:
            _reprice(length, start, price, their_price, their_partner, open_[:, n_open:])
            _pass_on(end, start, partner, their_partner, source)
            return
        mine = their_partner[end]


@njit(cache=True, nogil=True)
def cheapest(yx: Floats, their_yx: Floats, their_price: Floats) -> tuple[Floats, Indices]:
    """Highest price that each point may have, and the point of the other side that allows no more; (N,) each."""
    price = np.full(len(yx), np.inf)
    by = np.full(len(yx), -1)
    for i in range(len(yx)):
        for j in range(len(their_yx)):
            allowed = math.sqrt((yx[i, 0] - their_yx[j, 0]) ** 2 + (yx[i, 1] - their_yx[j, 1]) ** 2) - their_price[j]
            if allowed < price[i]:
                price[i], by[i] = allowed, j
    return price, by


@njit(cache=True, nogil=True)
def _nearest(open_, n_open, y, x, offset, mine):
    """Shorten the paths to open points that go on from ``mine`` at (y, x); the column of the nearest, or -1."""
    ys, xs, prices, paths, sources = open_[_Y], open_[_X], open_[_PRICE], open_[_PATH], open_[_SOURCE]
    lengths = np.empty(n_open)
    for k in range(n_open):  # a loop by itself, so that it is compiled to vector instructions
        dy, dx = ys[k] - y, xs[k] - x
        lengths[k] = math.sqrt(dy * dy + dx * dx) - prices[k] + offset
    shortest, at = np.inf, -1
    for k in range(n_open):
        if lengths[k] < paths[k]:
            paths[k], sources[k] = lengths[k], mine
        if paths[k] < shortest:
            shortest, at = paths[k], k
    return at


@njit(cache=True, nogil=True)
def _reprice(length, start, price, their_price, their_partner, reached):
    """New prices, for which the path that was found costs nothing."""
    price[start] += length
    for k in range(reached.shape[1]):
        j, saved = int(reached[_WHO, k]), length - reached[_PATH, k]
        their_price[j] -= saved
        if their_partner[j] >= 0:
            price[their_partner[j]] += saved


@njit(cache=True, nogil=True)
def _pass_on(end, start, partner, their_partner, source):
    """Each point of the path takes the next one's partner."""
    mine = -1
    while mine != start:
        mine = source[end]
        partner[mine], their_partner[end], end = end, mine, partner[mine]
