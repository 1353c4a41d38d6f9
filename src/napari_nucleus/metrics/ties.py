"""Whether another assignment has the same total distance, and which pairs it makes otherwise. Compiled."""

from __future__ import annotations

import numpy as np

from napari_nucleus.metrics.compiled import compiled
from napari_nucleus.metrics.point_tree import FAN, ROUNDING, Floats, Pairing, to_boxes, to_points, workroom

_MOST = 20
"""Steps to each point that are looked at; points upon each other have far more."""


@compiled
def ties(pairing: Pairing) -> Floats:
    """Pairs that another assignment of the same total makes otherwise: those on a cycle of pairs that cost nothing.

    A step leads from a point of the other side to one that its partner may have instead. All points without partner are
    one place, from where a step leads back to every point that may be left without.

    Returns
    -------
    (K, 2) float64
        Distances of a pair and of the one that comes in its place; infinite for a step that makes none. Where there are
        more than `_MOST` steps to each point, one row of 0.
    """
    yx, price, partner, tree, their_price, top, their_partner = pairing
    points, boxes, inside, _ = tree
    stack, _, cost = workroom(len(points))
    nowhere = len(their_price)
    steps = [(0, 0, 0.0, 0.0) for _ in range(0)]
    for i in range(len(yx)):
        if partner[i] < 0:
            continue
        y, x, limit, mine = yx[i, 0], yx[i, 1], price[i] + ROUNDING, partner[i]
        n_before, size = len(steps), 1
        stack[0] = len(inside) - 1
        while size:
            size -= 1
            at = stack[size]
            if at >= 0:
                to_boxes(boxes[at], top[at], y, x, cost)
                for k in range(FAN):
                    if cost[k] <= limit:
                        stack[size] = inside[at, k]
                        size += 1
                continue
            first = (-1 - at) * FAN
            to_points(points[-1 - at], their_price[first : first + FAN], y, x, cost)
            for k in range(FAN):
                j = first + k
                if cost[k] <= limit and j != mine:
                    to = j if their_partner[j] >= 0 else nowhere
                    steps.append((mine, to, price[i] + their_price[mine], cost[k] + their_price[j]))
        if len(steps) > _MOST * len(yx):
            return np.zeros((1, 2))
        if len(steps) > n_before and their_price[mine] >= -ROUNDING:
            steps.append((nowhere, mine, np.inf, np.inf))
    found: Floats = _on_cycles(steps, nowhere + 1)
    return found


@compiled
def _on_cycles(steps: list[tuple[int, int, float, float]], n_places: int) -> Floats:
    """Distances of the steps that are left when those without one before or one after are taken away."""
    arrive, leave = np.zeros(n_places, np.int64), np.zeros(n_places, np.int64)
    for step in steps:
        leave[step[0]] += 1
        arrive[step[1]] += 1
    n_before = -1
    while len(steps) != n_before:
        n_before = len(steps)
        kept = [steps[0] for _ in range(0)]
        for step in steps:
            if arrive[step[0]] > 0 and leave[step[1]] > 0:
                kept.append(step)
            else:
                leave[step[0]] -= 1
                arrive[step[1]] -= 1
        steps = kept
    distances = np.empty((len(steps), 2))
    for k in range(len(steps)):
        distances[k] = steps[k][2], steps[k][3]
    return distances
