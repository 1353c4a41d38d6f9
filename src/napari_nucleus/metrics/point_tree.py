"""Points of a plane in boxes within boxes, to find those that are near and have a high price. Compiled.

Points stand in the order of a Z-shaped curve, so that `FAN` in a row are neighbours and share a box; `FAN` boxes in a
row are a group and share a larger one, and so on. Places left over hold points at infinity that have no price.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_nucleus.metrics.compiled import compiled

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

FAN = 16
"""Points of a box, and boxes of a larger one; two vectors of eight."""

ROUNDING = 1e-9
"""Distances that differ by no more, in px, are the same."""


class Tree(NamedTuple):
    """Points in P boxes, and those in G groups, the group of the largest boxes last.

    Attributes
    ----------
    points : (P, 2, FAN) float64
        y and x.
    boxes : (G, 4, FAN) float64
        Least and greatest y, least and greatest x.
    inside : (G, FAN) int64
        The group within each box; of the smallest boxes ``-1 - p``, where p are its points.
    around : (P + G,) int64
        The box around the points p, and around the group g at P + g; -1 around the last. Boxes count through (G, FAN).
    """

    points: Floats
    boxes: Floats
    inside: Indices
    around: Indices


class Pairing(NamedTuple):
    """Points of one side, their prices and partners (-1 for none), and the other side likewise, in a tree.

    ``top`` are the highest prices in its boxes.
    """

    yx: Floats
    price: Floats
    partner: Indices
    tree: Tree
    their_price: Floats
    top: Floats
    their_partner: Indices


@compiled
def curve(yx: Floats, low_y: float, low_x: float, span: float) -> NDArray[np.uint32]:
    """Place of each point (N, 2) along the curve, (N,): the binary digits of its y and x in turn."""
    places = np.empty(len(yx), np.uint32)
    for i in range(len(yx)):
        place = np.uint32(0)
        for axis, low in enumerate((low_y, low_x)):
            digits = np.uint32((yx[i, axis] - low) / span * 65535)
            digits = (digits | (digits << np.uint32(8))) & np.uint32(0x00FF00FF)
            digits = (digits | (digits << np.uint32(4))) & np.uint32(0x0F0F0F0F)
            digits = (digits | (digits << np.uint32(2))) & np.uint32(0x33333333)
            digits = (digits | (digits << np.uint32(1))) & np.uint32(0x55555555)
            place |= digits << np.uint32(axis)
        places[i] = place
    return places


@compiled
def curves(yx: Floats, their_yx: Floats) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Places of the points of two sides along one curve."""
    low_y, low_x = np.inf, np.inf
    high_y, high_x = -np.inf, -np.inf
    for side in (yx, their_yx):
        for i in range(len(side)):
            low_y, high_y = min(low_y, side[i, 0]), max(high_y, side[i, 0])
            low_x, high_x = min(low_x, side[i, 1]), max(high_x, side[i, 1])
    span = max(high_y - low_y, high_x - low_x)
    if span == 0:
        span = 1.0
    return curve(yx, low_y, low_x, span), curve(their_yx, low_y, low_x, span)


@compiled
def grow(yx: Floats) -> Tree:
    """Make the boxes around points (N, 2), which stand in the order of the curve."""
    n_points = -(-len(yx) // FAN)
    n_groups, width = 0, n_points
    while width > 1 or n_groups == 0:
        width = -(-width // FAN)
        n_groups += width
    tree = Tree(
        np.full((n_points, 2, FAN), np.inf),
        np.full((n_groups, 4, FAN), np.inf),
        np.zeros((n_groups, FAN), np.int64),
        np.full(n_points + n_groups, -1),
    )
    tree.boxes[:, 1::2] = -np.inf
    for k in range(len(yx)):
        y, x = yx[k, 0], yx[k, 1]
        tree.points[k // FAN, 0, k % FAN], tree.points[k // FAN, 1, k % FAN] = y, x
        _widen(tree.boxes, k // FAN, y, y, x, x)
    for k in range(n_points):
        tree.inside[k // FAN, k % FAN], tree.around[k] = -1 - k, k
    first, width = 0, n_points
    while width > FAN:
        width = -(-width // FAN)  # groups of this size, each a box of the next
        for k in range(width):
            group, box = first + k, (first + width) * FAN + k
            _widen(tree.boxes, box, *_extent(tree.boxes[group]))
            tree.inside[box // FAN, box % FAN], tree.around[n_points + group] = group, box
        first += width
    return tree


@compiled
def highest(tree: Tree, price: Floats) -> Floats:
    """Highest price in each box, (G, FAN), of prices of points (P * FAN,)."""
    top = np.full(tree.inside.shape, -np.inf)
    for k in range(0, len(price), FAN):
        renew(tree, top, price, k)
    return top


@compiled
def renew(tree: Tree, top: Floats, price: Floats, point: int) -> None:
    """Correct the highest prices in the boxes around a point whose price has changed."""
    n_points = len(tree.points)
    box, first = tree.around[point // FAN], point // FAN * FAN
    new = price[first]
    for k in range(first + 1, first + FAN):
        new = max(new, price[k])
    while box >= 0:
        group = box // FAN
        if top[group, box % FAN] == new:
            return
        top[group, box % FAN] = new
        new = top[group, 0]
        for k in range(1, FAN):
            new = max(new, top[group, k])
        box = tree.around[n_points + group]


@compiled
def cheapest(tree: Tree, price: Floats, top: Floats, yx: Floats) -> tuple[Floats, Indices, NDArray[np.bool_]]:
    """For each of some places the point of least distance less price.

    Parameters
    ----------
    price, top : (P * FAN,), (G, FAN) float64
        Of the points, and of the boxes as by `highest`; not -inf everywhere.
    yx : (Q, 2) float64
        Neighbours should follow each other, as along the curve.

    Returns
    -------
    (Q,) float64, (Q,) int64, (Q,) bool
        Distance less price, the point, and whether another one is as cheap.
    """
    points, boxes, inside, _ = tree
    stack, costs, cost = workroom(len(points))
    least, by, tied = np.full(len(yx), np.inf), np.full(len(yx), -1), np.zeros(len(yx), np.bool_)
    for i in range(len(yx)):
        y, x, limit, found, also = yx[i, 0], yx[i, 1], np.inf, -1, False
        if i:  # the point before went to one that is near, too
            j = by[i - 1]
            dy, dx = points[j // FAN, 0, j % FAN] - y, points[j // FAN, 1, j % FAN] - x
            limit = math.sqrt(dy * dy + dx * dx) - price[j]
            limit += ROUNDING * (2 + abs(limit))
        stack[0], costs[0], size = len(inside) - 1, -np.inf, 1
        while size:
            size -= 1
            if costs[size] > limit + ROUNDING:
                continue
            at = stack[size]
            if at >= 0:
                to_boxes(boxes[at], top[at], y, x, cost)
                nearest = size
                for k in range(FAN):
                    if cost[k] <= limit + ROUNDING and cost[k] < np.inf:
                        stack[size], costs[size] = inside[at, k], cost[k]
                        if cost[k] < costs[nearest]:
                            nearest = size
                        size += 1
                if nearest < size:  # looked into first
                    stack[nearest], stack[size - 1] = stack[size - 1], stack[nearest]
                    costs[nearest], costs[size - 1] = costs[size - 1], costs[nearest]
                continue
            first = (-1 - at) * FAN
            to_points(points[-1 - at], price[first : first + FAN], y, x, cost)
            for k in range(FAN):
                if cost[k] <= limit + ROUNDING and cost[k] < np.inf:
                    also = found >= 0 and cost[k] >= limit - ROUNDING
                    if cost[k] < limit:
                        limit, found = cost[k], first + k
        least[i], by[i], tied[i] = limit, found, also
    return least, by, tied


@compiled
def workroom(n_boxes: int) -> tuple[Indices, Floats, Floats]:
    """Arrays for a search among points in so many boxes: what to look into, its costs, and costs of one group."""
    depth = 2 + int(math.log(n_boxes) / math.log(FAN))
    return np.empty(depth * FAN, np.int64), np.empty(depth * FAN), np.empty(FAN)


@njit(inline="always")
def to_boxes(boxes: Floats, top: Floats, y: float, x: float, cost: Floats) -> None:
    """Least distance less price that each box (4, FAN) of a group allows, into ``cost`` (FAN,)."""
    for k in range(len(cost)):  # by its length: with a number known beforehand it would not become vector instructions
        dy = max(max(boxes[0, k] - y, y - boxes[1, k]), 0.0)
        dx = max(max(boxes[2, k] - x, x - boxes[3, k]), 0.0)
        cost[k] = math.sqrt(dy * dy + dx * dx) - top[k]


@njit(inline="always")
def to_points(points: Floats, price: Floats, y: float, x: float, cost: Floats) -> None:
    """Distance less price of the points (2, FAN) of a box, into ``cost`` (FAN,)."""
    for k in range(len(cost)):
        dy, dx = points[0, k] - y, points[1, k] - x
        cost[k] = math.sqrt(dy * dy + dx * dx) - price[k]


@compiled
def _widen(boxes: Floats, box: int, y0: float, y1: float, x0: float, x1: float) -> None:
    group, k = box // FAN, box % FAN
    boxes[group, 0, k], boxes[group, 1, k] = min(boxes[group, 0, k], y0), max(boxes[group, 1, k], y1)
    boxes[group, 2, k], boxes[group, 3, k] = min(boxes[group, 2, k], x0), max(boxes[group, 3, k], x1)


@compiled
def _extent(boxes: Floats) -> tuple[float, float, float, float]:
    return boxes[0].min(), boxes[1].max(), boxes[2].min(), boxes[3].max()
