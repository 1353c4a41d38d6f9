"""A heap of numbered things, the cheapest first, whose costs may fall. Compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.metrics.compiled import compiled

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

NEVER, TAKEN = -1, -2
"""Places of things that were not in the heap yet, and that were taken off."""


@compiled
def push(heap: Indices, place: Indices, cost: Floats, size: int, thing: int) -> int:
    """Put a thing in, or move it up after its cost fell; the heap's size.

    Parameters
    ----------
    heap : (N,) int64
        The things, of which the first ``size`` count.
    place, cost : (N,) int64, (N,) float64
        Where each thing is in the heap, and what it costs.
    """
    at = place[thing]
    if at == NEVER:
        at, size = size, size + 1
    while at > 0 and cost[heap[(at - 1) // 2]] > cost[thing]:
        heap[at] = heap[(at - 1) // 2]
        place[heap[at]] = at
        at = (at - 1) // 2
    heap[at], place[thing] = thing, at
    return size


@compiled
def pop(heap: Indices, place: Indices, cost: Floats, size: int) -> int:
    """Take off the cheapest thing, ``heap[0]``; the heap's size."""
    place[heap[0]] = TAKEN
    size -= 1
    if size == 0:
        return size
    moved, at = heap[size], 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and cost[heap[child + 1]] < cost[heap[child]]:
            child += 1
        if cost[heap[child]] >= cost[moved]:
            break
        heap[at] = heap[child]
        place[heap[at]] = at
        at = child
    heap[at], place[moved] = moved, at
    return size
