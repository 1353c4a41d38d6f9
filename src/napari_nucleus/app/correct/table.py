"""What is known of an image's nuclei, in columns that follow each edit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.project import Row
from napari_nucleus.project.chunks import Box

_SPARE = 256


class NucleusTable:
    """The nuclei of one image, by label; one costs the same whether there are ten or a hundred thousand.

    Parameters
    ----------
    rows : sequence of Row
    boxes : (N, 4) int32
        Where each of them lies: first row, first column, last row + 1, last column + 1.
    n_chances : int
        Class probabilities of a nucleus.
    """

    def __init__(self, rows: Sequence[Row], boxes: NDArray[np.int32], n_chances: int) -> None:
        self._rows = {row.label: row for row in rows}
        self._place = {row.label: i for i, row in enumerate(rows)}
        self._columns = np.zeros(len(rows) + _SPARE, _columns(n_chances))
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

    @property
    def columns(self) -> NDArray[np.void]:
        """A copy of all columns, one entry a nucleus that is there.

        ``label``, ``y``, ``x`` (px), ``area`` (px), ``kind`` (id of the class in the project), ``source``, ``state``,
        ``probabilities`` (nan where unknown) and ``box``.
        """
        used = self._columns[: self._used]
        return used[used["there"]]

    def box(self, label: int) -> Box:
        """Where a nucleus lies."""
        y0, x0, y1, x1 = self._columns["box"][self._place[label]].tolist()
        return y0, x0, y1, x1

    def replace(self, before: Iterable[Row], after: Iterable[Row], boxes: dict[int, Box]) -> None:
        """Take in what an edit changed; ``boxes`` are those of nuclei whose pixels changed."""
        for row in before:
            del self._rows[row.label]
            self._columns["there"][self._place[row.label]] = False
        for row in after:
            self._rows[row.label] = row
            place = self._place_of(row.label)
            self._fill(slice(place, place + 1), (row,))
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

    def _fill(self, at: slice, rows: Sequence[Row]) -> None:
        columns = self._columns[at]
        for name in ("label", "y", "x", "area", "kind", "source", "state"):
            columns[name] = [getattr(row, name) for row in rows]
        columns["there"] = True
        width = columns["probabilities"].shape[1]
        columns["probabilities"] = [_filled(row.probabilities, width) for row in rows]


def _columns(n_chances: int) -> np.dtype:
    plain = [("label", "i4"), ("y", "f8"), ("x", "f8"), ("area", "i8"), ("kind", "i4")]
    text = [("source", "U8"), ("state", "U8")]
    return np.dtype([*plain, *text, ("probabilities", "f4", (n_chances,)), ("box", "i4", (4,)), ("there", "?")])


def _filled(values: tuple[float, ...] | None, width: int) -> tuple[float, ...]:
    return ((values or ()) + (np.nan,) * width)[:width]
