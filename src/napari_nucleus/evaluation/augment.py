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
    path = np.full(len(their_yx), np.inf)  # shortest path to each of the other side
    source = np.empty(len(their_yx), np.int64)  # by whom it comes
    order = np.arange(len(their_yx))  # those still open first
    n_open, reached, mine = len(their_yx), 0.0, start
    last, limit = start, np.inf
    while True:
        if reached + ceiling - price[mine] < limit:
            last, limit = mine, reached + ceiling - price[mine]
        at = _nearest(
            mine, reached - price[mine], yx, their_yx, their_price, their_partner, path, source, order, n_open
        )
        if at < 0 or path[order[at]] >= limit:
            _reprice(limit, start, price, their_price, their_partner, path, order[n_open:])
            price[last] = ceiling  # free of rounding
            if last != start:
                end, partner[last] = partner[last], -1
                _pass_on(end, start, partner, their_partner, source)
            return
        n_open -= 1
        order[at], order[n_open] = order[n_open], order[at]
        end = order[n_open]
        reached = max(reached, path[end])
        path[end] = reached
        if their_partner[end] < 0:
            _reprice(reached, start, price, their_price, their_partner, path, order[n_open:])
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
def _nearest(mine, offset, yx, their_yx, their_price, their_partner, path, source, order, n_open):
    """Shorten the paths to open points that go on from ``mine``; where the nearest stands in the order, or -1."""
    y, x = yx[mine]
    nearest, at = np.inf, -1
    for k in range(n_open):
        j = order[k]
        length = math.sqrt((their_yx[j, 0] - y) ** 2 + (their_yx[j, 1] - x) ** 2) - their_price[j] + offset
        if length < path[j]:
            path[j], source[j] = length, mine
        if path[j] < nearest or (path[j] == nearest and their_partner[j] < 0):
            nearest, at = path[j], k
    return at


@njit(cache=True, nogil=True)
def _reprice(length, start, price, their_price, their_partner, path, visited):
    """New prices, for which the path that was found costs nothing."""
    price[start] += length
    for j in visited:
        their_price[j] -= length - path[j]
        if their_partner[j] >= 0:
            price[their_partner[j]] += length - path[j]


@njit(cache=True, nogil=True)
def _pass_on(end, start, partner, their_partner, source):
    """Each point of the path takes the next one's partner."""
    mine = -1
    while mine != start:
        mine = source[end]
        partner[mine], their_partner[end], end = end, mine, partner[mine]
