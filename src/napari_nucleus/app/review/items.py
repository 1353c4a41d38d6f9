"""The nuclei to review, of one image or of many: columns, a row a nucleus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError, NucleusMap


@dataclass(frozen=True, slots=True, eq=False)
class ReviewItems:
    """Nuclei to review.

    Attributes
    ----------
    image : (N,) int64
        Number of the image that each lies in.
    label : (N,) int32
        Its id there.
    y, x : (N,) float64
        Centroid, in µm, so that distances mean the same in each image.
    classes : (N,) int64
        Class numbers from 1 as they were when the review began; 0 is unknown.
    probabilities : (N, C) float64
        Of the classes 1 to C, rows summing to 1.

    Raises
    ------
    NucleusError
        Columns differ in length, or a class number has no probability.
    """

    image: NDArray[np.int64]
    label: NDArray[np.int32]
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    classes: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.label)
        columns = (self.image, self.y, self.x, self.classes, self.probabilities)
        if any(len(column) != n for column in columns) or self.probabilities.ndim != 2:
            raise NucleusError(f"Expected columns of {n} nuclei and probabilities (N, C). Give a row a nucleus.")
        if n and not 0 <= self.classes.min() <= self.classes.max() <= self.n_classes:
            raise NucleusError(f"Expected classes 0 to {self.n_classes}, got others. Choose the matching scheme.")

    def __len__(self) -> int:
        return len(self.label)

    @property
    def n_classes(self) -> int:
        """C."""
        return self.probabilities.shape[1]

    @classmethod
    def of(cls, nuclei: NucleusMap, image: int = 0) -> ReviewItems:
        """The nuclei of a map, in the order of its table; without ``p_<class>`` each is sure of its class."""
        table, names = nuclei.table, [f"p_{name}" for name in nuclei.scheme.classes]
        numbers = nuclei.class_numbers
        known = table[names].to_numpy(np.float64) if set(names) <= set(table) else None
        return cls(
            np.full(len(table), image, np.int64),
            table["label"].to_numpy(np.int32),
            table["y_px"].to_numpy(np.float64) * nuclei.mpp,
            table["x_px"].to_numpy(np.float64) * nuclei.mpp,
            numbers,
            as_probabilities(known, numbers, len(nuclei.scheme)),
        )

    @classmethod
    def join(cls, parts: Sequence[ReviewItems]) -> ReviewItems:
        """Several images' nuclei as one list."""
        if not parts:
            raise NucleusError("Expected nuclei of an image or more, got none. Choose an image.")
        fields = ("image", "label", "y", "x", "classes", "probabilities")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))

    def row(self, image: int, label: int) -> int:
        """Row of a nucleus.

        Raises
        ------
        NucleusError
            It isn't in the list.
        """
        found = np.flatnonzero((self.label == label) & (self.image == image))
        if not len(found):
            raise NucleusError(
                f"Expected a nucleus of the review, got {label} of image {image}. Begin the review anew."
            )
        return int(found[0])


def as_probabilities(
    known: NDArray[np.floating] | None, classes: NDArray[np.integer], n_classes: int
) -> NDArray[np.float64]:
    """Rows that sum to 1: what is known of each nucleus, else its class, else the same for all classes.

    Parameters
    ----------
    known : (N, C) float or None
        nan or 0 throughout a row where nothing is known.
    classes : (N,) integers
        0 is unknown.
    n_classes : int
    """
    values = np.zeros((len(classes), n_classes)) if known is None else np.nan_to_num(np.asarray(known, np.float64))
    empty = values.sum(1) <= 0
    sure = np.eye(n_classes + 1)[classes][:, 1:]
    values = np.where(empty[:, None], sure, values)
    values[values.sum(1) <= 0] = 1.0
    result: NDArray[np.float64] = values / values.sum(1, keepdims=True)
    return result
