"""Cells for training, validation and testing: whole images in one part, the classes as balanced as they can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError

PARTS = ("train", "validation", "test")
_TRIALS = 300
_MOST_STEPS = 60_000  # of the search, over all its trials


def split_groups(
    groups: Sequence[object], classes: NDArray[np.integer], shares: Sequence[float], seed: int = 0
) -> NDArray[np.int64]:
    """Put cells into parts, such that no group is in two parts and each class has these shares in them.

    Groups are dealt out one by one, the large ones first, each to the part that lacks it most; of several such deals
    the best is kept. Best is the one whose numbers of each class are closest to the wanted shares (least squares).

    Parameters
    ----------
    groups : (N,) sequence
        What each cell comes from: its image or its patient.
    classes : (N,) integers
        0 to C - 1.
    shares : sequence of float
        Of the parts; they add up to 1.
    seed : int

    Returns
    -------
    (N,) int64
        Number of each cell's part.

    Raises
    ------
    NucleusError
        A class comes from fewer groups than there are parts, or no deal gives each part some of every class.

    Examples
    --------
    >>> split_groups(list("aaabbbccc"), np.array([0, 1, 0, 0, 1, 1, 0, 1, 1]), (0.34, 0.33, 0.33)).tolist()
    [0, 0, 0, 1, 1, 1, 2, 2, 2]
    """
    _, owner = np.unique(np.asarray(groups, object).astype(str), return_inverse=True)
    n_groups, n_classes = int(owner.max(initial=-1)) + 1, int(np.max(classes, initial=0)) + 1
    counts = np.bincount(owner * n_classes + classes, minlength=n_groups * n_classes).reshape(n_groups, n_classes)
    found = (counts > 0).sum(0)
    if not n_groups or found.min() < len(shares):
        scarce = f"class {found.argmin() + 1} in {found.min()}" if n_groups else "no cells"
        raise NucleusError(
            f"Expected each class in at least {len(shares)} images or patients, got {scarce}. Add images, or set "
            'split_by = "nucleus".'
        )
    weight = counts / counts.sum(0)  # (G, C): each class counts as much as any other
    rng = np.random.default_rng(seed)
    trials = int(np.clip(_MOST_STEPS // n_groups, 4, _TRIALS))
    deals = (_deal(weight, np.asarray(shares), rng) for _ in range(trials))
    best, cost = min(((deal, _cost(weight, deal, shares)) for deal in deals), key=lambda pair: pair[1])
    if not np.isfinite(cost):
        raise NucleusError(
            "Expected images that can be dealt out so that each part has every class, got too few. Add images, or set "
            'split_by = "nucleus".'
        )
    return best[owner]


def _deal(weight: NDArray[np.float64], shares: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Part of each group; chance makes each deal another."""
    part = _seeded(weight, shares, rng)
    lacking = shares[:, None] - np.stack([weight[part == p].sum(0) for p in range(len(shares))])  # (P, C)
    order = np.argsort(-weight.max(1) * rng.uniform(0.5, 1.5, len(weight)))
    for group in order[part[order] < 0]:
        gain = (lacking**2 - (lacking - weight[group]) ** 2).sum(1)
        part[group] = gain.argmax()
        lacking[part[group]] -= weight[group]
    return part


def _seeded(weight: NDArray[np.float64], shares: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Some group of each class for each part, the scarcest class first; -1 for the others."""
    part = np.full(len(weight), -1)
    for kind in np.argsort((weight > 0).sum(0)):
        for number in rng.permutation(len(shares)):
            free = np.flatnonzero((part < 0) & (weight[:, kind] > 0))
            if len(free) and not weight[part == number, kind].any():
                part[rng.choice(free)] = number
    return part


def _cost(weight: NDArray[np.float64], deal: NDArray[np.int64], shares: Sequence[float]) -> float:
    """Squared distance of the shares from the wanted ones; infinite where a part lacks a class."""
    got = np.stack([weight[deal == part].sum(0) for part in range(len(shares))])
    return float(((got - np.asarray(shares)[:, None]) ** 2).sum()) if got.all() else float("inf")


def balanced(classes: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions of as many cells of each class as the rarest has, drawn by chance, in the order of their positions.

    Shvetsov et al. 2025, §2: "equalized to match the size of the least represented class".

    Parameters
    ----------
    classes : (N,) integers
        0 to C - 1, each of which occurs.
    rng : numpy Generator

    Examples
    --------
    >>> balanced(np.array([0, 0, 0, 1]), np.random.default_rng(0)).tolist()
    [2, 3]
    """
    least = np.bincount(classes).min()
    drawn = [rng.permutation(np.flatnonzero(classes == number))[:least] for number in range(classes.max() + 1)]
    return np.sort(np.concatenate(drawn))
