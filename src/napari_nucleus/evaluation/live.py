"""The matching of an image while its prediction is corrected: each change costs what it touches, not the image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.core.nuclei import as_labels
from napari_nucleus.evaluation.centroid_pairing import CentroidPairing
from napari_nucleus.evaluation.matching import Matching, Side
from napari_nucleus.evaluation.sums import Sums
from napari_nucleus.metrics.overlap import Overlap, paired_labels

_LABEL_BITS = 31


class LiveMatching:
    """Truth and a prediction under correction.

    `matching` gives what `match` would for the edited prediction, centroids taken from its pixels. Only where several
    pairings of centroids have the same least total distance may it be another one of them. Making it takes a second or
    two at 5,000 nuclei, and compiles on the first use ever, so let a thread do it.

    Parameters
    ----------
    truth, prediction : NucleusMap
        Of one shape and one class scheme; neither is changed.
    radius_px : float
        Largest distance between centroids of a pair.

    Raises
    ------
    NucleusError
        Their shapes differ.

    Examples
    --------
    >>> truth = NucleusMap.from_labels([[1, 1, 0, 0], [1, 1, 0, 2]])
    >>> live = LiveMatching(truth, NucleusMap.from_labels([[0, 0, 0, 0], [5, 5, 0, 0]]))
    >>> len(live.matching().matched)
    0
    >>> live.edit(np.s_[0:1, 0:2], [[5, 5]])
    >>> len(live.matching().matched)
    1
    """

    def __init__(self, truth: NucleusMap, prediction: NucleusMap, radius_px: float = 12.0) -> None:
        true, pred = paired_labels(truth.labels, prediction.labels)
        self._radius_px = radius_px
        self._true, self._true_labels = Side.of(truth), true.copy()
        self._true_area = Sums(1)
        self._true_area.add(true[true > 0], np.ones((np.count_nonzero(true), 1), np.int64))
        self._pred_labels = np.zeros_like(pred)
        self._shared, self._pixels = Sums(1), Sums(3)
        self._classes = _Classes(prediction)
        self._pairing = CentroidPairing(self._true.yx)
        self.edit(np.s_[:, :], pred)
        self.matching()

    def edit(self, box: tuple[slice, slice], labels: ArrayLike) -> None:
        """Replace the prediction within a box.

        A label that was not there before is a nucleus of unknown class, until `classify` says more (of the only class,
        where there is one alone). A label that comes back has its former class and probabilities.

        Parameters
        ----------
        box : (slice, slice)
            Rows and columns.
        labels : (h, w) integers
            Labels there, 0 = background.

        Raises
        ------
        NucleusError
            The labels are not of the box's shape, or are no labels.
        """
        labels, before = as_labels(labels), self._pred_labels[box]
        if labels.shape != before.shape:
            raise NucleusError(f"Expected labels of {before.shape} pixels, got {labels.shape}. Give those of the box.")
        changed = labels != before
        rows, columns = (np.arange(n)[part] for n, part in zip(self._pred_labels.shape, box, strict=True))
        y, x = np.nonzero(changed)
        true, y, x = self._true_labels[box][changed], rows[y], columns[x]
        self._count(before[changed], true, y, x, -1)
        self._count(labels[changed], true, y, x, 1)
        before[changed] = labels[changed]

    def classify(self, classes: Mapping[int, int]) -> None:
        """Set the class of predicted nuclei: class number (0 = unknown) by label.

        Raises
        ------
        NucleusError
            The scheme has no such class.
        """
        self._classes.set(classes)

    def matching(self) -> Matching:
        """The matching as it is now."""
        labels = self._pixels.keys.astype(np.int32)
        area, *sums = self._pixels.sums.T
        yx = np.stack(sums, 1) / area[:, None]
        types, confidence = self._classes.of(labels)
        pred = Side(labels, types, yx, confidence)
        self._pairing.update(labels, yx)
        near = self._pairing.pairs(self._radius_px)
        return Matching.of(self._true, pred, self._overlap(), near, self._radius_px)

    def _overlap(self) -> Overlap:
        true, pred = self._shared.keys >> _LABEL_BITS, self._shared.keys & ((1 << _LABEL_BITS) - 1)
        return Overlap(
            true_area=self._true_area.sums[:, 0],
            pred_area=self._pixels.sums[:, 0],
            true=np.searchsorted(self._true_area.keys, true),
            pred=np.searchsorted(self._pixels.keys, pred),
            intersection=self._shared.sums[:, 0],
            true_labels=self._true.labels,
            pred_labels=self._pixels.keys.astype(np.int32),
        )

    def _count(self, pred: NDArray, true: NDArray, y: NDArray, x: NDArray, sign: int) -> None:
        """Count pixels in (sign 1), or out (-1)."""
        nucleus = pred > 0
        pred, true, y, x = (values[nucleus].astype(np.int64) for values in (pred, true, y, x))
        self._pixels.add(pred, sign * np.stack([np.ones_like(y), y, x], 1))
        both = true > 0
        self._shared.add((true[both] << _LABEL_BITS) + pred[both], np.full((np.count_nonzero(both), 1), sign))


class _Classes:
    """Class and probabilities of every label that was ever told of, so that one that comes back has its own again."""

    def __init__(self, nuclei: NucleusMap) -> None:
        table = nuclei.table.sort_values("label")
        self._scheme = nuclei.scheme
        self._labels = table["label"].to_numpy(np.int32)
        self._types = nuclei.class_numbers[np.argsort(nuclei.table["label"].to_numpy())]
        known = table.reindex(columns=["p_unknown", *(f"p_{name}" for name in nuclei.scheme.classes)])
        self._probability = known.assign(p_unknown=np.nan).to_numpy(np.float64)

    def set(self, classes: Mapping[int, int]) -> None:
        """Set class numbers by label."""
        numbers = np.fromiter(classes.values(), np.int64, len(classes))
        odd = numbers[(numbers < 0) | (numbers > len(self._scheme))]
        if len(odd):
            raise NucleusError(
                f"Expected class numbers 0 to {len(self._scheme)}, got {odd[0]}. Choose the matching scheme."
            )
        labels = np.fromiter(classes, np.int32, len(classes))
        rows = self._rows(labels)
        self._types[rows] = numbers

    def of(self, labels: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Class number of each label, and the probability of that class (nan where it isn't known)."""
        rows = self._rows(labels)
        types = self._types[rows]
        return types, self._probability[rows, types]

    def _rows(self, labels: NDArray[np.int32]) -> NDArray[np.int64]:
        """Where labels stand; those never heard of are added."""
        new = np.setdiff1d(labels, self._labels)
        at = np.searchsorted(self._labels, new)
        self._labels = np.insert(self._labels, at, new)
        self._types = np.insert(self._types, at, 1 if len(self._scheme) == 1 else 0)
        self._probability = np.insert(self._probability, at, np.nan, axis=0)
        return np.searchsorted(self._labels, labels)
