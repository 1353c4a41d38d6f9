"""One-to-one pairs of points of a plane with the least total distance. Compiled, and without a table of distances.

Each point has a price; those of a true and a predicted point never add up to more than their distance, and exactly to
it where they are partners, so no other assignment is shorter (Kuhn 1955; Jonker and Volgenant 1987). A point without
partner finds its place along the shortest alternating path, which seldom leads far: boxes of points that are farther
than the prices can pay for are never looked into.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics.compiled import compiled
from napari_nucleus.metrics.heap import NEVER, TAKEN, pop, push
from napari_nucleus.metrics.point_tree import (
    FAN,
    ROUNDING,
    Floats,
    Indices,
    Pairing,
    cheapest,
    curves,
    grow,
    highest,
    renew,
    to_boxes,
    to_points,
    workroom,
)

MOST_STEPS = 50_000_000
"""Points that searches reach in all before they give up: minutes."""


class Assignment(NamedTuple):
    """Partners and prices of both sides.

    Attributes
    ----------
    partner : (N,) int64
        Of each point of the side with fewer points.
    price, their_price : (N,), (M,) float64
        Of that side, and of the other; those of the other side that have no partner have the highest price, 0.
    tied : bool
        Whether another assignment may have the same total distance, but for rounding; False is certain.
    """

    partner: Indices
    price: Floats
    their_price: Floats
    tied: bool


class _Search(NamedTuple):
    """What a search knows of the other side's points.

    The length of the shortest path to each, who comes that way, and its place in the heap of those that are open; those
    that were reached; and room to work in.
    """

    path: Floats
    source: Indices
    place: Indices
    heap: Indices
    reached: Indices
    stack: Indices
    cost: Floats


def assign(few: Floats, many: Floats, most_steps: int = MOST_STEPS) -> Assignment:
    """Give each point a partner of the other side, with the least total distance.

    Parameters
    ----------
    few, many : (N, 2), (M, 2) float64
        Finite; 1 <= N <= M.
    most_steps : int
        Points that searches may reach in all.

    Raises
    ------
    NucleusError
        It takes minutes: very many points are far from all others, and about as many on each side.
    """
    few, many = (np.require(side, np.float64, ("C", "W")) for side in (few, many))  # one kind is compiled
    orders = (np.argsort(places) for places in curves(few, many))
    found = Assignment(*_solve(few, many, *orders, most_steps))
    if found.partner.min() < 0:
        raise NucleusError(
            f"Expected centroids near each other, got {len(few):,} and {len(many):,} with so many far from others that "
            "pairing them takes minutes. Cut truth and prediction into the same tiles."
        )
    return found


@compiled
def _solve(
    few: Floats, many: Floats, order: Indices, their_order: Indices, most_steps: int
) -> tuple[Indices, Floats, Floats, bool]:
    """An `Assignment` of points that are taken in the given orders; partners are -1 where it took too long."""
    pairing, tied = _begin(few[order], many[their_order])
    yx, price, partner, tree, their_price, _, their_partner = pairing
    free = np.where(their_partner < 0, their_price, -np.inf)
    free_top = highest(tree, free)
    size = len(their_price)
    stack, _, cost = workroom(len(tree.points))
    search = _Search(
        np.full(size, np.inf),
        np.empty(size, np.int64),
        np.full(size, NEVER),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        stack,
        cost,
    )
    starts = np.flatnonzero(partner < 0)
    straight, end, _ = cheapest(tree, free, free_top, yx[starts])
    for k in np.argsort(straight - price[starts]):  # short paths first: they change least for the others
        if their_partner[end[k]] >= 0:  # another one has it by now
            straight[k : k + 1], end[k : k + 1], _ = cheapest(tree, free, free_top, yx[starts[k : k + 1]])
        taken, steps, also = _augment(pairing, search, starts[k], straight[k] - price[starts[k]], end[k])
        tied |= also
        free[taken] = -np.inf
        renew(tree, free_top, free, taken)
        most_steps -= steps
        if most_steps < 0:
            break
    found, paid, their_paid = np.full(len(few), -1), np.empty(len(few)), np.empty(len(many))
    for i in range(len(few)):
        paid[order[i]] = price[i]
        if partner[i] >= 0:
            found[order[i]] = their_order[partner[i]]
    for j in range(len(many)):
        their_paid[their_order[j]] = their_price[j]
    return found, paid, their_paid, tied


@compiled
def _begin(yx: Floats, their_yx: Floats) -> tuple[Pairing, bool]:
    """First prices are distances to the nearest; of those with the same nearest, the nearest has it as partner.

    Returns whether one has several that are nearest, too.
    """
    tree = grow(their_yx)
    their_price = np.full(len(tree.points) * FAN, -np.inf)
    their_price[: len(their_yx)] = 0
    top = highest(tree, their_price)
    price, nearest, tied = cheapest(tree, their_price, top, yx)
    partner, their_partner = np.full(len(yx), -1), np.full(len(their_price), -1)
    for i in range(len(yx)):
        j = nearest[i]
        before = their_partner[j]
        if before < 0 or price[i] < price[before]:
            partner[i], their_partner[j] = j, i
            if before >= 0:
                partner[before] = -1
    return Pairing(yx, price, partner, tree, their_price, top, their_partner), bool(tied.any())


@compiled
def _augment(pairing: Pairing, search: _Search, start: int, limit: float, end: int) -> tuple[int, int, bool]:
    """Give a point the partner that costs least in all, which others may have to pass on.

    ``limit`` is what it costs to go straight to the nearest free point, ``end``. Returns the point that was free,
    how many were reached, and whether another path may cost as little; where none ever does, there is no other
    assignment of the same total.
    """
    yx, price, partner, tree, their_price, top, their_partner = pairing
    path, source, place, heap, reached, stack, cost = search
    points, boxes, inside, _ = tree
    last, mine, length = start, start, 0.0  # `last` will have the free point
    n_open, n_reached, tied = 0, 0, False
    while True:
        y, x, offset = yx[mine, 0], yx[mine, 1], length - price[mine]
        stack[0], size = len(inside) - 1, 1
        while size:
            size -= 1
            at = stack[size]
            if at >= 0:
                to_boxes(boxes[at], top[at], y, x, cost)
                for k in range(FAN):
                    if offset + cost[k] <= limit + ROUNDING:
                        stack[size] = inside[at, k]
                        size += 1
                continue
            first = (-1 - at) * FAN
            to_points(points[-1 - at], their_price[first : first + FAN], y, x, cost)
            for k in range(FAN):
                new, j = offset + cost[k], first + k
                if new > limit + ROUNDING or j == partner[mine]:
                    continue
                known = path[j] if their_partner[j] >= 0 else limit
                tied |= abs(new - known) <= ROUNDING and (j != end or mine != last)
                if new >= known or place[j] == TAKEN:
                    continue
                if their_partner[j] < 0:
                    limit, end, last = new, j, mine
                else:
                    path[j], source[j] = new, mine
                    n_open = push(heap, place, path, n_open, j)
        if n_open == 0 or path[heap[0]] > limit + ROUNDING:
            break
        nearest = heap[0]
        n_open = pop(heap, place, path, n_open)
        length = path[nearest] = max(length, path[nearest])
        reached[n_reached] = nearest
        n_reached += 1
        mine = their_partner[nearest]

    price[start] += limit
    for j in reached[:n_reached]:  # new prices, for which the path costs nothing
        saved = max(limit - path[j], 0.0)
        their_price[j] -= saved
        price[their_partner[j]] += saved
        renew(tree, top, their_price, j)
        path[j], place[j] = np.inf, NEVER
    for j in heap[:n_open]:
        path[j], place[j] = np.inf, NEVER
    j = end
    while True:
        before = partner[last]
        partner[last], their_partner[j] = j, last
        if last == start:
            return end, n_reached, tied
        j, last = before, source[before]
