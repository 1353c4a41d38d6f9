"""Learning while correcting: the model's own probabilities, moved by what the corrections say.

    logits (N, C) = log p of the model + f(nucleus),   f ~ GP(0, k)

A Gaussian-process classifier at its most probable f (Rasmussen and Williams 2006, §3.4, with a softmax): without
corrections it says what the model says, and it moves away from that as far as corrections ask for it. Nuclei are alike
where the network sees the same in them and around them, and more so in one image and near each other: a stain or a
tissue that the model gets wrong is got wrong all over that image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.review.items import ReviewItems
from napari_nucleus.core import NucleusError

Array = NDArray[np.float64]

# Chosen on the validation tiles of CoNSeP's training split (benchmarks/annotator.py --tune).
REACH_UM = 25.0
PULL = 0.3
_NEIGHBOURS = (10, 30)
_LEAST_P = 1e-4
# More corrections than these still teach, but through the likeness to so many of them.
_LANDMARKS = 800
_ROUNDS = 40
_BLOCK = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What a learner says of all nuclei.

    Attributes
    ----------
    probabilities : (N, C) float64
    taught : int
        Corrections that it has learnt from.
    seconds : float
        That it took.
    """

    probabilities: Array
    taught: int
    seconds: float

    @property
    def classes(self) -> NDArray[np.int64]:
        """Most probable class of each nucleus (N,), from 1."""
        return np.asarray(self.probabilities.argmax(1) + 1, np.int64)


class Learner:
    """Re-trains a classifier of nuclei on frozen features; the same answer each time for the same corrections.

    Parameters
    ----------
    items : ReviewItems
    features : (N, D) float
        Of `nucleus_features` or any embedding; rows of nan where a nucleus has none. D may be 0.

    Raises
    ------
    NucleusError
        Features don't fit the nuclei.
    """

    def __init__(self, items: ReviewItems, features: NDArray[np.floating]) -> None:
        if features.ndim != 2 or len(features) != len(items):
            raise NucleusError(f"Expected features of {len(items)} nuclei, got {features.shape}. Compute them anew.")
        self._items, self._features = items, features
        self._place = np.stack([items.y, items.x], 1) / REACH_UM
        self._prior = _log(items.probabilities)

    @cached_property
    def _seen(self) -> NDArray[np.float32]:
        """What is seen in and around each nucleus; made when it is first needed, which is in the thread that learns."""
        own = _standard(np.asarray(self._features, np.float32))
        around = _surroundings(self._items, np.concatenate([own, self._items.probabilities], 1).astype(np.float32))
        return _standard(np.concatenate([own, *around], 1)).astype(np.float32)

    def fit(self, rows: NDArray[np.integer], classes: NDArray[np.integer]) -> Learned:
        """Learn from corrections.

        Parameters
        ----------
        rows : (n,) integers
            Nuclei that a person has decided on.
        classes : (n,) integers
            From 1; nuclei of class 0, or of one that came later than the review began, teach nothing.
        """
        from scipy.linalg import solve_triangular

        start = perf_counter()
        known = (np.asarray(classes) > 0) & (np.asarray(classes) <= self._items.n_classes)
        rows, classes = np.asarray(rows, np.int64)[known], np.asarray(classes, np.int64)[known]
        if not len(rows):
            return Learned(_softmax(self._prior), 0, perf_counter() - start)
        landmarks = _some(rows)
        triangle = np.linalg.cholesky(self._likeness(landmarks, landmarks) + 1e-3 * np.eye(len(landmarks)))
        sight = solve_triangular(triangle, self._likeness(landmarks, rows), lower=True).T  # (n, m)
        weights = solve_triangular(triangle, _descend(sight, self._prior[rows], classes - 1), trans="T", lower=True)
        logits = np.concatenate([self._likeness(block, landmarks) @ weights for block in self._blocks()])
        return Learned(_softmax(self._prior + logits), len(rows), perf_counter() - start)

    def _likeness(self, rows: NDArray[np.integer], others: NDArray[np.integer]) -> Array:
        """The kernel k between nuclei, (n, m)."""
        seen = _bell(self._seen[rows], self._seen[others], self._seen.shape[1])
        near = _bell(self._place[rows], self._place[others], 1.0)
        together = self._items.image[rows][:, None] == self._items.image[others]
        result: Array = seen + together * (1 + seen + near)
        return result

    def _blocks(self) -> Iterator[NDArray[np.int64]]:
        n = len(self._items)
        return (np.arange(first, min(first + _BLOCK, n)) for first in range(0, n, _BLOCK))


def _descend(sight: Array, prior: Array, classes: NDArray[np.integer]) -> Array:
    """Weights (m, C) of the whitened likeness (n, m): cross-entropy plus their squares."""
    from scipy.optimize import minimize

    small = sight.astype(np.float32)  # half the time, and far more exact than the corrections are
    shape = sight.shape[1], prior.shape[1]
    wanted = np.eye(shape[1])[classes]

    def loss(values: Array) -> tuple[float, Array]:
        p = _softmax(prior + small @ values.reshape(shape).astype(np.float32))
        error = -np.log(p[wanted > 0] + 1e-12).sum() + PULL / 2 * (values @ values)
        return error, (small.T @ (p - wanted).astype(np.float32)).ravel() + PULL * values

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS})
    result: Array = found.x.reshape(shape)
    return result


def _surroundings(items: ReviewItems, values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Means of values (N, D) over the nearest nuclei of the same image, near and further."""
    from scipy.sparse import csr_array
    from scipy.spatial import cKDTree

    result = [values.copy() for _ in _NEIGHBOURS]
    for image in np.unique(items.image):
        rows = np.flatnonzero(items.image == image)
        if len(rows) < 2:
            continue
        place = np.stack([items.y[rows], items.x[rows]], 1)
        _, found = cKDTree(place).query(place, min(max(_NEIGHBOURS) + 1, len(rows)))
        for mean, count in zip(result, _NEIGHBOURS, strict=True):
            near = found[:, 1 : count + 1]
            share = np.full(near.size, 1 / near.shape[1], np.float32)
            ends = np.arange(0, near.size + 1, near.shape[1])
            mean[rows] = csr_array((share, near.ravel(), ends), shape=(len(rows), len(rows))) @ values[rows]
    return result


def _some(rows: NDArray[np.integer]) -> NDArray[np.integer]:
    """At most so many of the corrections, drawn by chance, always the same."""
    if len(rows) <= _LANDMARKS:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, _LANDMARKS, replace=False))


def _bell(a: NDArray[np.floating], b: NDArray[np.floating], width: float) -> NDArray[np.floating]:
    """exp(-distance² / 2 width) between rows, (n, m)."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    result: NDArray[np.floating] = np.exp(np.maximum(squares, 0) / (-2 * width))
    return result


def _standard(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """Columns of mean 0 and spread 1; what isn't known is at the mean."""
    known = np.isfinite(x)
    filled = np.where(known, x, 0)
    count = np.maximum(known.sum(0), 1)
    mean = filled.sum(0) / count
    spread = np.sqrt((np.where(known, x - mean, 0) ** 2).sum(0) / count)
    result: NDArray[np.floating] = np.where(known, (x - mean) / np.maximum(spread, 1e-6), 0)
    return result


def _log(p: Array) -> Array:
    p = np.maximum(p, _LEAST_P)
    result: Array = np.log(p / p.sum(1, keepdims=True))
    return result


def _softmax(logits: Array) -> Array:
    e = np.exp(logits - logits.max(1, keepdims=True))
    result: Array = e / e.sum(1, keepdims=True)
    return result
