"""Which predicted nucleus is which annotated one: everything that scores, pictures and corrections ask of one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusMap
from napari_nucleus.metrics.overlap import Overlap, overlap
from napari_nucleus.metrics.pairing import best_pairs, matched_pairs, pair_centroids, pair_within, unique_pairs

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Indices of true and of predicted nuclei, (n,) each."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The nuclei of one side, in the order of their labels.

    Attributes
    ----------
    labels : (N,) int32
    types : (N,) int64
        Class numbers; 0 is unknown.
    yx : (N, 2) float64
        Centroids in pixels.
    confidence : (N,) float64
        Probability of the nucleus's own class; nan where it isn't known.
    """

    labels: NDArray[np.int32]
    types: NDArray[np.int64]
    yx: NDArray[np.float64]
    confidence: NDArray[np.float64]

    @classmethod
    def of(cls, nuclei: NucleusMap) -> Side:
        """The nuclei of a map."""
        order = np.argsort(nuclei.table["label"].to_numpy(), kind="stable")
        table = nuclei.table.iloc[order]
        types = nuclei.class_numbers[order]
        confidence = np.full(len(table), np.nan)
        for number, name in enumerate(nuclei.scheme.classes, 1):
            if f"p_{name}" in table:
                mine = types == number
                confidence[mine] = table[f"p_{name}"].to_numpy(np.float64)[mine]
        labels = table["label"].to_numpy(np.int32)
        return cls(labels, types, table[["y_px", "x_px"]].to_numpy(np.float64), confidence)

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """Annotated and predicted nuclei of one image, and the pairs that each score makes of them.

    Attributes
    ----------
    true, pred : Side
    overlap : Overlap
        The pairs that share pixels; ``best``, ``unique`` and ``matched`` are indices into them.
    best : (n,) int64
        Of each true nucleus that is touched, the prediction of highest IoU: AJI's pairs.
    unique : (n,) int64
        One-to-one pairs of the highest total IoU: AJI+'s.
    matched : (n,) int64
        Pairs with an IoU above 0.5: PQ's, and those of confusion matrix and corrections.
    near : Pairs
        Centroids of the least total distance, within the radius: those of F_d and F_c.
    near_same : Pairs
        Centroids within the radius and of one class: those of the plain F.
    """

    true: Side
    pred: Side
    overlap: Overlap
    best: NDArray[np.int64]
    unique: NDArray[np.int64]
    matched: NDArray[np.int64]
    near: Pairs
    near_same: Pairs

    @classmethod
    def of(cls, true: Side, pred: Side, found: Overlap, near: Pairs, radius_px: float) -> Matching:
        """Make all pairs but those of the centroids, which `live` has other means for."""
        pairs = best_pairs(found), unique_pairs(found), matched_pairs(found)
        return cls(true, pred, found, *pairs, near, _near_same(true, pred, radius_px))

    @property
    def true_partner(self) -> NDArray[np.int64]:
        """Index of the prediction matched with each true nucleus, -1 where it was missed; (T,)."""
        return _partner(len(self.true), self.overlap.true[self.matched], self.overlap.pred[self.matched])

    @property
    def pred_partner(self) -> NDArray[np.int64]:
        """Index of the true nucleus matched with each prediction, -1 where there is none; (P,)."""
        return _partner(len(self.pred), self.overlap.pred[self.matched], self.overlap.true[self.matched])


def match(truth: NucleusMap, prediction: NucleusMap, radius_px: float = 12.0) -> Matching:
    """Match the nuclei of one image.

    Parameters
    ----------
    truth, prediction : NucleusMap
        Of one shape and one class scheme.
    radius_px : float
        Largest distance between centroids of a pair; 12 px at 40× (Graham et al. 2019).

    Raises
    ------
    NucleusError
        Their shapes differ, or pairing the centroids would take minutes.
    """
    true, pred = Side.of(truth), Side.of(prediction)
    found = overlap(truth.labels, prediction.labels)
    return Matching.of(true, pred, found, pair_centroids(true.yx, pred.yx, radius_px), radius_px)


def _near_same(true: Side, pred: Side, radius_px: float) -> Pairs:
    """Pairs within each class; unknown nuclei have none."""
    pairs = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for number in np.intersect1d(true.types[true.types > 0], pred.types):
        mine, theirs = np.flatnonzero(true.types == number), np.flatnonzero(pred.types == number)
        i, j = pair_within(true.yx[mine], pred.yx[theirs], radius_px)
        pairs.append((mine[i], theirs[j]))
    i, j = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return i, j


def _partner(size: int, mine: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.int64]:
    partner = np.full(size, -1, np.int64)
    partner[mine] = theirs
    return partner
