"""One relabelled cell after the other: its picture, all votes, and the verdict; behind the tab *Court*."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from napari_nucleus.app.review.court import Court, Vote
from napari_nucleus.app.review.verdicts import Cell, Verdict

_TABLE, _PICTURES = "cells.parquet", "cells.u8"


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A relabelled cell.

    Attributes
    ----------
    cell : Cell
    old_class, new_class : str
        What it was, and what the ledger calls it.
    votes : list of Vote
    verdict : Verdict or None
    picture : (side, side, 3) uint8 or None
        None where the run hasn't kept it.
    """

    cell: Cell
    old_class: str
    new_class: str
    votes: list[Vote]
    verdict: Verdict | None
    picture: NDArray[np.uint8] | None


class Courtroom:
    """Goes through the cells of a `Court`, the most disputed first.

    Parameters
    ----------
    folder : Path
        A run of `cross_relabel`.

    Attributes
    ----------
    court : Court

    Signals
    -------
    moved()
        Another case is heard, or this one is decided.
    """

    moved = Signal()

    def __init__(self, folder: Path) -> None:
        self.court, self._folder = Court.open(folder), folder
        self._order = self.court.order(undecided=False).tolist()
        self._undecided = {row for row in self._order if self.court.verdict(row) is None}
        self._pictures: dict[str, _Pictures | None] = {}
        self._decided: list[int] = []
        self._at = next((at for at, row in enumerate(self._order) if row in self._undecided), 0)

    def __len__(self) -> int:
        return len(self._order)

    @property
    def done(self) -> int:
        """Cells with a verdict."""
        return len(self._order) - len(self._undecided)

    @property
    def case(self) -> Case | None:
        """The cell that is looked at; None where the ledger is empty."""
        if not self._order:
            return None
        row, court = self._order[self._at], self.court
        cell = court.cell(row)
        old, new = court.classes(row)
        return Case(cell, old, new, court.votes(row), court.verdict(row), self._picture(cell))

    def step(self, by: int) -> None:
        """Go on or back."""
        self._at = min(max(self._at + by, 0), max(len(self._order) - 1, 0))
        self.moved.emit()

    def decide(self, verdict: Verdict, annotator: str) -> None:
        """Decide on the cell, and go on to the next without a verdict.

        Raises
        ------
        NucleusError
            It can't be written.
        """
        if not self._order:
            return
        row = self._order[self._at]
        self.court.decide(row, verdict, annotator)
        self._decided.append(row)
        self._undecided.discard(row)
        after = (at for at in range(self._at + 1, len(self._order)) if self._order[at] in self._undecided)
        self._at = next(after, self._at)
        self.moved.emit()

    def undo(self, annotator: str) -> None:
        """Take back the last verdict, and look at its cell again."""
        if not self._decided:
            return
        row = self._decided.pop()
        self.court.withdraw(row, annotator)
        self._undecided.add(row)
        self._at = self._order.index(row)
        self.moved.emit()

    def _picture(self, cell: Cell) -> NDArray[np.uint8] | None:
        if cell.source not in self._pictures:
            self._pictures[cell.source] = _Pictures.of(self._folder / cell.source)
        pictures = self._pictures[cell.source]
        return None if pictures is None else pictures.find(cell)


class _Pictures:
    """The cells that a run has cut out, memory-mapped."""

    def __init__(self, table: pd.DataFrame, pictures: NDArray[np.uint8]) -> None:
        keys = zip(table["image"], table["label"].astype(int), strict=True)
        self._place = {key: place for place, key in enumerate(keys)}
        self._pictures = pictures

    @classmethod
    def of(cls, folder: Path) -> _Pictures | None:
        """None where they aren't there, or not whole."""
        try:
            table = pd.read_parquet(folder / _TABLE)
            side = math.isqrt((folder / _PICTURES).stat().st_size // (3 * max(len(table), 1)))
            return cls(table, np.memmap(folder / _PICTURES, np.uint8, "r", shape=(len(table), side, side, 3)))
        except (OSError, ValueError):
            return None

    def find(self, cell: Cell) -> NDArray[np.uint8] | None:
        place = self._place.get((cell.image, cell.label))
        return None if place is None else np.asarray(self._pictures[place])
