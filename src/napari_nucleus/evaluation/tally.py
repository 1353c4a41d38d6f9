"""What one image adds to every score: counts and sums, so that images can be pooled and drawn again in any number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.evaluation.matching import Matching, Side

CALIBRATION_BINS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Counts and sums, with any leading axes: images, tiles, bootstrap samples. C is the number of classes.

    Attributes
    ----------
    foreground : (..., 3)
        Pixels of true nuclei, of predicted ones, of both: Dice.
    dice2, aji, aji_plus : (..., 2)
        Numerator and denominator.
    panoptic : (..., 4)
        TP, FP, FN and the sum of the matched IoU, whatever the class.
    class_panoptic : (..., C, 4)
        The same, class by class, a nucleus compared with those of its own class alone.
    pairs : (..., 1 + C, 1 + C)
        Centroid pairs by true and predicted class; 0 is unknown.
    missed, extra : (..., 1 + C)
        True and predicted nuclei without a centroid near, by class.
    same : (..., C, 3)
        TP, FP and FN of nuclei paired within their class.
    confusion : (..., 2 + C, 2 + C)
        Nuclei matched by IoU, by true and predicted class; the last row counts predictions without a true nucleus, the
        last column true nuclei that were missed.
    counts : (..., 2, C)
        True and predicted nuclei of each class, in the central crop where one was asked for.
    calibration : (..., bins, 3)
        Of matched nuclei with a known class: number, sum of confidences, number of right classes, by confidence.
    """

    foreground: NDArray[np.float64]
    dice2: NDArray[np.float64]
    aji: NDArray[np.float64]
    aji_plus: NDArray[np.float64]
    panoptic: NDArray[np.float64]
    class_panoptic: NDArray[np.float64]
    pairs: NDArray[np.float64]
    missed: NDArray[np.float64]
    extra: NDArray[np.float64]
    same: NDArray[np.float64]
    confusion: NDArray[np.float64]
    counts: NDArray[np.float64]
    calibration: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.foreground)

    def take(self, indices: NDArray[np.integer]) -> Tally:
        """Some of the images."""
        return self._each(lambda values: values[indices])

    def pool(self, weights: NDArray[np.float64]) -> Tally:
        """Sums over the first axis, each image counted as often as its weight says: (..., N) gives (...)."""
        return self._each(lambda values: np.tensordot(weights, values, axes=1))

    def _each(self, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Tally:
        return Tally(*(change(getattr(self, f.name)) for f in fields(self)))


def stack(tallies: Sequence[Tally]) -> Tally:
    """Tallies of several images as one, with the images on a new first axis."""
    return Tally(*(np.stack([getattr(t, f.name) for t in tallies]) for f in fields(Tally)))


def tally(found: Matching, n_classes: int, counts: NDArray[np.float64] | None = None) -> Tally:
    """What one image adds to every score.

    Parameters
    ----------
    found : Matching
    n_classes : int
        C, without "unknown".
    counts : (2, C) float, optional
        True and predicted nuclei a class; those of the whole image by default.
    """
    whole = (np.zeros(len(found.true), np.int64), np.zeros(len(found.pred), np.int64))
    made = tally_tiles(found, n_classes, whole, 1).pool(np.ones(1))
    if counts is not None:
        made.counts[:] = counts
    return made


def tally_tiles(
    found: Matching, n_classes: int, tiles: tuple[NDArray[np.int64], NDArray[np.int64]], n_tiles: int
) -> Tally:
    """The same tile by tile: a nucleus counts in the tile of its centroid, a pair in that of its true nucleus.

    Parameters
    ----------
    found : Matching
    n_classes : int
    tiles : (T,), (P,) int64
        Tile of each true and of each predicted nucleus.
    n_tiles : int

    Returns
    -------
    Tally
        With the tiles on its first axis; they add up to the tally of the image.
    """
    count = _Count(found, tiles, n_tiles, n_classes)
    shares = found.overlap
    shared, union = shares.intersection, shares.union
    every = np.arange(len(shares.true))
    iou = shared / np.maximum(union, 1)
    true_px, pred_px = count.true(weights=shares.true_area), count.pred(weights=shares.pred_area)
    matched_types = found.true.types[shares.true[found.matched]], found.pred.types[shares.pred[found.matched]]
    return Tally(
        foreground=np.stack([true_px, pred_px, count.pairs(every, shared)], -1),
        dice2=np.stack([2 * count.pairs(every, shared), count.pairs(every, shared + union)], -1),
        aji=count.jaccard(found.best),
        aji_plus=count.jaccard(found.unique),
        panoptic=count.panoptic(found.matched, iou),
        class_panoptic=count.class_panoptic(found.matched[matched_types[0] == matched_types[1]], iou),
        pairs=count.crossed(*found.near),
        missed=count.true(_without(len(found.true), found.near[0]), by_type=True),
        extra=count.pred(_without(len(found.pred), found.near[1]), by_type=True),
        same=count.same(*found.near_same),
        confusion=count.confusion(shares.true[found.matched], shares.pred[found.matched]),
        counts=np.stack([count.true(by_type=True), count.pred(by_type=True)], -2)[..., 1:],
        calibration=count.calibration(shares.true[found.matched], shares.pred[found.matched]),
    )


class _Count:
    """Counts nuclei and pairs by tile and class."""

    def __init__(
        self, found: Matching, tiles: tuple[NDArray[np.int64], NDArray[np.int64]], n_tiles: int, n_classes: int
    ) -> None:
        self._found, self._n, self._c = found, n_tiles, n_classes
        self._true_tile, self._pred_tile = tiles

    def true(self, which=slice(None), weights=None, by_type: bool = False) -> NDArray[np.float64]:
        """True nuclei, or a sum over them: (n,), or (n, 1 + C) by class."""
        return self._nuclei(self._found.true, self._true_tile, which, weights, by_type)

    def pred(self, which=slice(None), weights=None, by_type: bool = False) -> NDArray[np.float64]:
        """Predicted nuclei likewise."""
        return self._nuclei(self._found.pred, self._pred_tile, which, weights, by_type)

    def pairs(self, which: NDArray[np.int64], values: NDArray) -> NDArray[np.float64]:
        """Sum of a value of overlapping pairs, (n,)."""
        return self._add(self._true_tile[self._found.overlap.true[which]], values[which])

    def jaccard(self, which: NDArray[np.int64]) -> NDArray[np.float64]:
        """Intersection and union of some pairs, nuclei in none of them added to the union: (n, 2)."""
        shares = self._found.overlap
        missed = _without(len(shares.true_area), shares.true[which])
        extra = _without(len(shares.pred_area), shares.pred[which])
        union = (
            self.pairs(which, shares.union) + self.true(missed, shares.true_area) + self.pred(extra, shares.pred_area)
        )
        return np.stack([self.pairs(which, shares.intersection), union], -1)

    def panoptic(self, which: NDArray[np.int64], iou: NDArray[np.float64]) -> NDArray[np.float64]:
        """TP, FP, FN and the sum of IoU, (n, 4)."""
        shares = self._found.overlap
        hits = self.pairs(which, np.ones(len(iou)))
        extra = self.pred(_without(len(shares.pred_area), shares.pred[which]))
        missed = self.true(_without(len(shares.true_area), shares.true[which]))
        return np.stack([hits, extra, missed, self.pairs(which, iou)], -1)

    def class_panoptic(self, which: NDArray[np.int64], iou: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same of pairs of one class, (n, C, 4); a nucleus whose partner has another class is missed, or extra."""
        shares, found = self._found.overlap, self._found
        types = found.true.types[shares.true[which]]
        tiles = self._true_tile[shares.true[which]]
        hits, ious = (self._add(tiles, v, types)[:, 1:] for v in (np.ones(len(which)), iou[which]))
        extra = self.pred(_without(len(found.pred), shares.pred[which]), by_type=True)[:, 1:]
        missed = self.true(_without(len(found.true), shares.true[which]), by_type=True)[:, 1:]
        return np.stack([hits, extra, missed, ious], -1)

    def crossed(self, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.float64]:
        """Pairs by both classes, (n, 1 + C, 1 + C)."""
        side = self._c + 1
        kinds = self._found.true.types[i] * side + self._found.pred.types[j]
        return self._add(self._true_tile[i], np.ones(len(i)), kinds, side * side).reshape(self._n, side, side)

    def same(self, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.float64]:
        """TP, FP and FN of pairs of one class, (n, C, 3)."""
        hits = self._add(self._true_tile[i], np.ones(len(i)), self._found.true.types[i])
        extra = self.pred(_without(len(self._found.pred), j), by_type=True)
        missed = self.true(_without(len(self._found.true), i), by_type=True)
        return np.stack([hits, extra, missed], -1)[:, 1:]

    def confusion(self, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.float64]:
        """Matched nuclei by both classes, with a last row and column for those without partner: (n, 2 + C, 2 + C)."""
        table = np.zeros((self._n, self._c + 2, self._c + 2))
        table[:, :-1, :-1] = self.crossed(i, j)
        table[:, :-1, -1] = self.true(_without(len(self._found.true), i), by_type=True)
        table[:, -1, :-1] = self.pred(_without(len(self._found.pred), j), by_type=True)
        return table

    def calibration(self, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.float64]:
        """Number, confidence and right classes of matched nuclei, by confidence: (n, bins, 3)."""
        true, pred = self._found.true, self._found.pred
        known = (true.types[i] > 0) & np.isfinite(pred.confidence[j])
        i, j = i[known], j[known]
        confidence = np.clip(pred.confidence[j], 0, 1)
        bins = np.clip(np.ceil(confidence * CALIBRATION_BINS).astype(np.int64) - 1, 0, None)
        values = np.ones(len(i)), confidence, (true.types[i] == pred.types[j]).astype(np.float64)
        return np.stack([self._add(self._true_tile[i], v, bins, CALIBRATION_BINS) for v in values], -1)

    def _nuclei(self, side: Side, tiles: NDArray[np.int64], which, weights, by_type: bool) -> NDArray[np.float64]:
        values = np.ones(len(side)) if weights is None else weights
        return self._add(tiles[which], values[which], side.types[which] if by_type else None)

    def _add(self, tiles, values, kinds=None, n_kinds: int | None = None) -> NDArray[np.float64]:
        """Sums of values by tile, (n,), or by tile and kind, (n, kinds)."""
        if kinds is None:
            return np.bincount(tiles, values, self._n).astype(np.float64)
        n_kinds = self._c + 1 if n_kinds is None else n_kinds
        sums = np.bincount(tiles * n_kinds + kinds, values, self._n * n_kinds)
        return sums.astype(np.float64).reshape(self._n, n_kinds)


def _without(size: int, taken: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the nuclei that are in none of the pairs."""
    free = np.ones(size, bool)
    free[taken] = False
    return np.flatnonzero(free)
