"""Which nuclei are taken as one and the same: the pairs behind AJI, AJI+, PQ and the F1 of centroids.

Pairs of label images are indices into those of an `Overlap`. One-to-one pairs are solved on the pairs that exist alone,
never on a table of all true by all predicted nuclei, so that their cost grows with the nuclei.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from napari_nucleus.core import NucleusError
from napari_nucleus.metrics.overlap import Overlap

_FEW = 10_000
"""Distances of which a table is quicker than to start anything else, as of 100 nuclei a side."""

_TABLE = 36_000_000
"""Distances that a table holds at most: 0.3 GB, as of 6,000 nuclei a side."""

_WITHIN = 50_000_000
"""Pairs within the radius that are held at most: 1.2 GB. Nuclei have a handful each."""

BATCH = 1000
"""Pairs that are assigned at once."""

Indices = NDArray[np.int64]


def best_pairs(found: Overlap) -> Indices:
    """The prediction of highest IoU of each true nucleus that is touched: AJI's pairs, (n,) indices.

    One prediction may serve several true nuclei. As in HoVer-Net's ``get_fast_aji``, of several best predictions of one
    IoU the largest is taken, then the one of the lowest label.
    """
    order = np.lexsort((found.pred, -_weighed_iou(found), found.true))
    return order[_first_of_each(found.true[order])]


def unique_pairs(found: Overlap) -> Indices:
    """One-to-one pairs of the highest total IoU: AJI+'s, (n,) indices.

    Of several assignments of one total any may come.
    """
    return best_assignment(found.true, found.pred, _weighed_iou(found))


def matched_pairs(found: Overlap, iou: float = 0.5) -> Indices:
    """Pairs with an IoU above a threshold: PQ's, (n,) indices.

    From 0.5 on such pairs are unique; below it the assignment of the highest total IoU decides.

    Raises
    ------
    NucleusError
        The threshold is outside [0, 1).
    """
    if not 0 <= iou < 1:
        raise NucleusError(f"Expected an IoU threshold from 0 to below 1, got {iou}. The usual one is 0.5.")
    values = found.iou
    if iou >= 0.5:
        return np.flatnonzero(values > iou)
    pairs = best_assignment(found.true, found.pred, values)
    return pairs[values[pairs] > iou]


def pair_centroids(
    true_yx: NDArray[np.float64], pred_yx: NDArray[np.float64], radius_px: float
) -> tuple[Indices, Indices]:
    """One-to-one pairs of the least total distance over all nuclei, those beyond the radius then taken apart.

    Equals HoVer-Net's ``pair_coordinates``. A nucleus far from all others may cost a near pair its place, so the radius
    does not bound the question; but prices do (`assignment`), and a table of all distances is only made of few nuclei,
    and where several assignments have the same total: up to 36 million distances the pairs are the reference's even
    then, of more any of them may come.

    Parameters
    ----------
    true_yx, pred_yx : (T, 2), (P, 2) float64
        Centroids in pixels.
    radius_px : float

    Returns
    -------
    (n,), (n,) int64
        Indices of the true and of the predicted nuclei, by true nucleus.

    Raises
    ------
    NucleusError
        So many nuclei are far from others that it would take minutes.
    """
    true, pred = (np.asarray(yx, np.float64).reshape(-1, 2) for yx in (true_yx, pred_yx))
    i, j = assign_centroids(true, pred)
    dy, dx = (true[i] - pred[j]).T
    near = np.flatnonzero(np.sqrt(dy**2 + dx**2) <= radius_px)
    near = near[np.argsort(i[near])]
    return i[near], j[near]


def assign_centroids(true: NDArray[np.float64], pred: NDArray[np.float64]) -> tuple[Indices, Indices]:
    """The pairs of `pair_centroids` however far apart, in any order, (n,) and (n,) indices."""
    size = len(true) * len(pred)
    i, j, tied = _by_prices(true, pred) if size > _FEW else (*_by_table(true, pred), False)
    return _by_table(true, pred) if tied and size <= _TABLE else (i, j)


def _by_table(true: NDArray[np.float64], pred: NDArray[np.float64]) -> tuple[Indices, Indices]:
    i, j = linear_sum_assignment(cdist(true, pred))
    return i, j


def _by_prices(true: NDArray[np.float64], pred: NDArray[np.float64]) -> tuple[Indices, Indices, bool]:
    """All pairs of the least total distance, and whether others may be as good."""
    from napari_nucleus.metrics.assignment import assign  # numba is slow to import

    if len(true) <= len(pred):
        found = assign(true, pred)
        return np.arange(len(true)), found.partner, found.tied
    found = assign(pred, true)
    return found.partner, np.arange(len(pred)), found.tied


def pair_within(
    true_yx: NDArray[np.float64], pred_yx: NDArray[np.float64], radius_px: float
) -> tuple[Indices, Indices]:
    """As many one-to-one pairs within the radius as there can be, and of those the least total distance.

    Parameters
    ----------
    true_yx, pred_yx : (T, 2), (P, 2) float64
        Centroids in pixels.
    radius_px : float

    Returns
    -------
    (n,), (n,) int64
        Indices of the true and of the predicted nuclei, by true nucleus.

    Raises
    ------
    NucleusError
        More than 50 million pairs are within the radius.
    """
    true, pred = np.reshape(true_yx, (-1, 2)), np.reshape(pred_yx, (-1, 2))
    trees = cKDTree(true), cKDTree(pred)
    if len(true) * len(pred) > _WITHIN and (within := trees[0].count_neighbors(trees[1], radius_px)) > _WITHIN:
        raise NucleusError(
            f"Expected at most {_WITHIN:,} pairs of centroids within {radius_px:g} px, got {within:,}. Lower the "
            "radius, or look whether the labels are nuclei."
        )
    near = trees[0].sparse_distance_matrix(trees[1], radius_px, output_type="ndarray")
    near = near[np.lexsort((near["j"], near["i"]))]
    # One pair more outweighs every saving of distance.
    a_pair = (min(len(true), len(pred)) + 1) * (radius_px + 1)
    pairs = near[best_assignment(near["i"], near["j"], a_pair - near["v"])]
    return pairs["i"].astype(np.int64), pairs["j"].astype(np.int64)


def best_assignment(rows: Indices, columns: Indices, weight: NDArray[np.float64]) -> Indices:
    """One-to-one pairs of the highest total weight among the pairs that are given; (n,) indices in ascending order.

    Parameters
    ----------
    rows, columns : (K,) integers
        The pairs, by row and then by column, each once.
    weight : (K,) float64
        Above 0.
    """
    if not len(rows):
        return np.empty(0, np.int64)
    # A nucleus whose partners have no other partner is decided by its best pair; that leaves few to be assigned.
    rivals_of_row = np.bincount(rows, np.bincount(columns)[columns] > 1)
    rivals_of_column = np.bincount(columns, np.bincount(rows)[rows] > 1)
    row_star = rivals_of_row[rows] == 0
    column_star = (rivals_of_column[columns] == 0) & ~row_star
    chosen = [
        _best_of_each(rows, weight, np.flatnonzero(row_star)),
        _best_of_each(columns, weight, np.flatnonzero(column_star)),
    ]
    for batch in _by_component(rows, columns, np.flatnonzero(~row_star & ~column_star)):
        chosen.append(_solved(rows, columns, weight, batch))
    return np.sort(np.concatenate(chosen))


def _best_of_each(owner: Indices, weight: NDArray[np.float64], pairs: Indices) -> Indices:
    order = pairs[np.lexsort((-weight[pairs], owner[pairs]))]
    return order[_first_of_each(owner[order])]


def _by_component(rows: Indices, columns: Indices, pairs: Indices) -> list[Indices]:
    """The pairs in batches that share no nucleus, of about `BATCH` pairs: the solver's time grows with their square."""
    if not len(pairs):
        return []
    i, j = rows[pairs], columns[pairs]
    size = i.max() + 1 + j.max() + 1
    graph = coo_array((np.ones(len(pairs), bool), (i, i.max() + 1 + j)), shape=(size, size))
    component = connected_components(graph, directed=False)[1][i]
    order = np.argsort(component, kind="stable")
    start = np.searchsorted(component[order], component[order])  # where each pair's component begins
    return np.split(pairs[order], np.flatnonzero(np.diff(start // BATCH)) + 1)


def _solved(rows: Indices, columns: Indices, weight: NDArray[np.float64], pairs: Indices) -> Indices:
    """The general case. Each row may also go to a column of its own, of weight 0, so that all rows find a place."""
    i, j = (np.unique(side[pairs], return_inverse=True)[1] for side in (rows, columns))
    height, width = i.max() + 1, j.max() + 1
    alone = np.arange(height)
    # The solver takes 0 for "no pair"; each row counts once, so that 1 more on every weight changes nothing.
    weights = np.concatenate([weight[pairs] + 1, np.ones(height)])
    places = np.concatenate([i, alone]), np.concatenate([j, width + alone])
    row, column = min_weight_full_bipartite_matching(
        coo_array((weights, places), shape=(height, width + height)).tocsr(), maximize=True
    )
    partner = np.empty(height, np.int64)
    partner[row] = column
    chosen: Indices = pairs[partner[i] == j]
    return chosen


def _weighed_iou(found: Overlap) -> NDArray[np.float64]:
    """IoU with the reference's small constant: it decides between pairs of equal IoU, so it belongs to AJI."""
    return found.intersection / (found.union + 1e-6)


def _first_of_each(ordered: Indices) -> Indices:
    """Where each value of a sorted array begins."""
    return np.flatnonzero(np.diff(ordered, prepend=-1))
