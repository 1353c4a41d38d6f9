"""What is known of an image's nuclei, in columns that follow each edit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.project import Row
from napari_nucleus.project.chunks import Box
from napari_nucleus.project.nuclei import chances_of, features_of

_SPARE = 256


class NucleusTable:
    """The nuclei of one image, by label; to change one costs the same whether there are ten or a hundred thousand.

    Parameters
    ----------
    rows : sequence of Row
    boxes : (N, 4) int32
        Where each of them lies: first row, first column, last row + 1, last column + 1.
    numbers : mapping
        Class number by id of the class in the project.
    features : sequence of str
        Names of the features.
    """

    def __init__(
        self, rows: Sequence[Row], boxes: NDArray[np.int32], numbers: Mapping[int, int], features: Sequence[str] = ()
    ) -> None:
        self.features = tuple(features)
        self._numbers, self._n_classes = dict(numbers), max(numbers.values())
        self._rows = {row.label: row for row in rows}
        self._place = {row.label: i for i, row in enumerate(rows)}
        self._columns = np.zeros(len(rows) + _SPARE, _columns(self._n_classes, len(self.features)))
        self._used = len(rows)
        if rows:
            self._fill(slice(len(rows)), rows)
            self._columns["box"][: len(rows)] = boxes

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, label: object) -> bool:
        return label in self._rows

    def __getitem__(self, label: int) -> Row:
        return self._rows[label]

    def get(self, label: int) -> Row | None:
        """A nucleus; None where it isn't there."""
        return self._rows.get(label)

    @property
    def columns(self) -> NDArray[np.void]:
        """A copy of all columns, (N,), one entry a nucleus that is there; not in the order of the labels.

        ``label``, ``y``, ``x`` (px), ``area`` (px), ``kind`` (id of the class), ``number`` (of the class, 0 unknown),
        ``source``, ``state``,
        ``comment`` (whether there is one), ``probabilities`` (N, C) and ``features`` (N, F), nan where unknown, and
        ``box`` (N, 4).
        """
        used = self._columns[: self._used]
        return used[used["there"]]

    def rows(self) -> list[Row]:
        """All nuclei, in the order of their labels."""
        return [self._rows[label] for label in sorted(self._rows)]

    def number(self, label: int) -> int:
        """Class number of a nucleus; 0 is unknown."""
        return self._numbers.get(self._rows[label].kind, 0)

    def box(self, label: int) -> Box:
        """Where a nucleus lies."""
        y0, x0, y1, x1 = self._columns["box"][self._place[label]].tolist()
        return y0, x0, y1, x1

    def replace(self, before: Iterable[Row], after: Sequence[Row], boxes: Mapping[int, Box]) -> None:
        """Take in what an edit changed; ``boxes`` are those of nuclei whose pixels changed."""
        for row in before:
            del self._rows[row.label]
            self._columns["there"][self._place[row.label]] = False
        if not after:
            return
        self._rows |= {row.label: row for row in after}
        places = np.array([self._place_of(row.label) for row in after])
        self._fill(places, after)
        for place, row in zip(places, after, strict=True):
            if row.label in boxes:
                self._columns["box"][place] = boxes[row.label]

    def _place_of(self, label: int) -> int:
        """Where a nucleus stands; one that was there before gets its old place again."""
        place = self._place.setdefault(label, self._used)
        if place == self._used:
            self._used += 1
            if self._used > len(self._columns):
                self._columns = np.concatenate([self._columns, np.zeros_like(self._columns)])
        return place

    def _fill(self, at: slice | NDArray[np.intp], rows: Sequence[Row]) -> None:
        columns = self._columns
        for name in ("label", "y", "x", "area", "kind", "source", "state"):
            columns[name][at] = [getattr(row, name) for row in rows]
        columns["number"][at] = [self._numbers.get(row.kind, 0) for row in rows]
        columns["comment"][at] = [bool(row.comment) for row in rows]
        columns["probabilities"][at] = chances_of(rows, self._numbers, self._n_classes)
        columns["features"][at] = features_of(rows, len(self.features))
        columns["there"][at] = True


def _columns(n_classes: int, n_features: int) -> np.dtype:
    plain = [("label", "i4"), ("y", "f8"), ("x", "f8"), ("area", "i8"), ("kind", "i4"), ("number", "u1")]
    said = [("source", "U8"), ("state", "U8"), ("comment", "?")]
    more = [("probabilities", "f4", (n_classes,)), ("features", "f8", (n_features,))]
    return np.dtype([*plain, *said, *more, ("box", "i4", (4,)), ("there", "?")])
