"""Scores from tallies: the formulas of `napari_nucleus.metrics`, for any number of bootstrap samples at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.evaluation.tally import Tally

Values = NDArray[np.float64]

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "pq": "PQ",
        "dq": "DQ",
        "sq": "SQ",
        "aji": "AJI",
        "aji_plus": "AJI+",
        "dice": "Dice",
        "dice2": "Ensemble Dice",
        "bpq": "bPQ (PanNuke)",
        "mpq": "mPQ (PanNuke)",
        "mpq_plus": "mPQ+ (CoNIC)",
        "r2": "R² of counts",
        "f_d": "F detection",
        "f_c": "F class (HoVer-Net)",
        "f1": "F class (plain)",
        "accuracy": "Accuracy of class",
        "ece": "Calibration error",
    }
)
"""What each score is called in tables, in their order."""

BY_CLASS = ("mpq", "mpq_plus", "r2", "f_c", "f1")
"""Scores that each class has, too; their overall value is a mean over the classes."""

PER_IMAGE = ("pq", "dq", "sq", "aji", "aji_plus", "dice", "dice2", "f_d", "f_c", "f1", "accuracy")
"""Scores that one image has by itself."""


def image_scores(tallies: Tally) -> dict[str, Values]:
    """Scores of each image (tile, or pooled sample) by itself: (...), or (..., C) for those by class.

    A score is nan where neither truth nor prediction has anything that it measures.
    """
    tp, fp, fn, _ = np.moveaxis(tallies.panoptic, -1, 0)
    dq, sq = _panoptic(tallies.panoptic)
    any_nuclei = tp + fp + fn > 0
    true_px, pred_px, both_px = np.moveaxis(tallies.foreground, -1, 0)
    class_tp, _, class_fn, _ = np.moveaxis(tallies.class_panoptic, -1, 0)
    class_pq = np.prod(_panoptic(tallies.class_panoptic), axis=0)
    hits = tallies.pairs.sum((-1, -2))
    same_tp, same_fp, same_fn = np.moveaxis(tallies.same, -1, 0)
    return {
        "pq": dq * sq,
        "dq": dq,
        "sq": sq,
        "aji": _ratio(*np.moveaxis(tallies.aji, -1, 0)),
        "aji_plus": _ratio(*np.moveaxis(tallies.aji_plus, -1, 0)),
        "dice": _ratio(2 * both_px, true_px + pred_px),
        "dice2": np.where(any_nuclei, np.nan_to_num(_ratio(*np.moveaxis(tallies.dice2, -1, 0))), np.nan),
        "bpq": np.where(tp + fn > 0, dq * sq, np.nan),
        "mpq": np.where(class_tp + class_fn > 0, class_pq, np.nan),
        "mpq_plus": np.nan_to_num(class_pq),
        "f_d": _ratio(2 * hits, 2 * hits + tallies.missed.sum(-1) + tallies.extra.sum(-1)),
        "f_c": _class_f1(tallies),
        "f1": _ratio(2 * same_tp, 2 * same_tp + same_fp + same_fn),
        "accuracy": _accuracy(tallies.confusion),
        "ece": _calibration_error(tallies.calibration),
    }


def dataset_scores(
    tallies: Tally, weights: Values, tissues: Sequence[str] | None = None, *, pooled: bool = False
) -> dict[str, Values]:
    """Scores of a set of images, each counted as often as its weight says.

    Parameters
    ----------
    tallies : Tally
        Of N images.
    weights : (B, N) float
        A row a sample.
    tissues : sequence of str, optional
        Of each image; bPQ and mPQ are means over tissues, as PanNuke reports them.
    pooled : bool
        The "images" are the tiles of one image: PQ, AJI and Dice are those of their sums, not means over them.

    Returns
    -------
    dict
        (B,), and (B, 1 + C) for the scores of `BY_CLASS`: overall first.

    Notes
    -----
    Means over images: Dice, DICE2, AJI, AJI+, DQ, SQ, PQ (HoVer-Net), bPQ, mPQ (PanNuke). From counts summed over the
    images: mPQ+ (CoNIC), F_d, F_c (HoVer-Net), the plain F, accuracy, calibration error.
    """
    sums = image_scores(tallies.pool(weights))
    each = sums if pooled else {k: _mean(v, weights) for k, v in image_scores(tallies).items()}
    scores = {key: each[key] for key in ("pq", "dq", "sq", "aji", "aji_plus", "dice", "dice2")}
    if pooled:
        scores |= {"bpq": sums["bpq"], "mpq": _with_mean(sums["mpq"])}
    else:
        scores |= _pannuke(image_scores(tallies), weights, tissues)
    scores["mpq_plus"] = np.concatenate([sums["mpq_plus"].mean(-1, keepdims=True), sums["mpq_plus"]], -1)
    r2 = np.full((len(weights), tallies.counts.shape[-1]), np.nan) if pooled else _r2(tallies.counts, weights)
    scores["r2"] = np.concatenate([r2.mean(-1, keepdims=True), r2], -1)
    scores |= {key: _with_mean(sums[key]) for key in ("f_c", "f1")}
    scores |= {key: sums[key] for key in ("f_d", "accuracy", "ece")}
    return {key: scores[key] for key in TITLES}


def _pannuke(each: dict[str, Values], weights: Values, tissues: Sequence[str] | None) -> dict[str, Values]:
    """BPQ, and mPQ with its classes; a tissue counts as much as any other, however many images it has."""
    names = np.array([""] * weights.shape[1] if tissues is None else tissues)
    image_mpq = _nanmean(each["mpq"])
    overall = [
        [_mean(values[names == tissue], weights[:, names == tissue]) for tissue in np.unique(names)]
        for values in (each["bpq"], image_mpq)
    ]
    bpq, mpq = (_nanmean(np.stack(values, -1)) for values in overall)
    return {"bpq": bpq, "mpq": np.concatenate([mpq[:, None], _mean(each["mpq"], weights)], -1)}


def _panoptic(counts: Values) -> tuple[Values, Values]:
    tp, fp, fn, iou = np.moveaxis(counts, -1, 0)
    dq = _ratio(tp, tp + fp / 2 + fn / 2)
    return dq, np.where(tp > 0, iou / np.maximum(tp, 1e-9), np.where(np.isnan(dq), np.nan, 0))


def _class_f1(tallies: Tally) -> Values:
    right = np.diagonal(tallies.pairs, axis1=-2, axis2=-1)[..., 1:]
    known = tallies.pairs[..., 1:, :]
    wrong = known.sum(-2)[..., 1:] - right + known.sum(-1) - right
    return _ratio(2 * right, 2 * right + 2 * wrong + tallies.missed[..., 1:] + tallies.extra[..., 1:])


def _accuracy(confusion: Values) -> Values:
    """Right classes among the matched nuclei whose true class is known."""
    matched = confusion[..., 1:-1, :-1]
    return _ratio(np.trace(matched[..., 1:], axis1=-2, axis2=-1), matched.sum((-1, -2)))


def _calibration_error(bins: Values) -> Values:
    number, confidence, right = np.moveaxis(bins, -1, 0)
    return _ratio(np.abs(right - confidence).sum(-1), number.sum(-1))


def _r2(counts: Values, weights: Values) -> Values:
    """Coefficient of determination by class, (B, C); as scikit-learn: 1 or 0 where the truth doesn't vary."""
    true, pred = counts[:, 0], counts[:, 1]
    n = weights.sum(-1, keepdims=True)
    total = n * (weights @ true**2) - (weights @ true) ** 2  # whole numbers: exactly 0 for a constant truth
    residual = n * (weights @ (true - pred) ** 2)
    varied = 1 - residual / np.where(total > 0, total, 1)
    r2 = np.where(total > 0, varied, (residual == 0).astype(np.float64))
    return np.where(np.count_nonzero(weights, axis=-1)[:, None] > 1, r2, np.nan)


def _ratio(above: Values, below: Values) -> Values:
    return np.where(below > 0, above / np.where(below > 0, below, 1), np.nan)


def _mean(values: Values, weights: Values) -> Values:
    """Weighted mean over the images that have a value: (N, ...) and (B, N) to (B, ...)."""
    there = np.isfinite(values)
    return _ratio(np.tensordot(weights, np.where(there, values, 0), 1), np.tensordot(weights, there.astype(float), 1))


def _nanmean(values: Values) -> Values:
    """Mean over the last axis of what is there."""
    there = np.isfinite(values)
    return _ratio(np.where(there, values, 0).sum(-1), there.sum(-1))


def _with_mean(values: Values) -> Values:
    return np.concatenate([_nanmean(values)[..., None], values], -1)
