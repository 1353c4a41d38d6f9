"""The relabel court: all votes on each relabelled cell side by side, and what people make of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.app.review.verdicts import Cell, Line, Verdict, VerdictFile
from napari_nucleus.core import NucleusError
from napari_nucleus.io.files import replacing

VOTERS = ("teacher", "student", "text", "graph")
"""Who votes; the teacher is the classifier that proposed the class."""

VOTES = "votes.parquet"

_KEYS = ["source", "image", "label"]
_COLUMNS = ("source", "image", "label", "old_class", "new_class", "proposed_class", "confidence")


class Vote(NamedTuple):
    """What one voter says of a cell, and how sure it is (nan where it doesn't say)."""

    voter: str
    name: str
    confidence: float


class Court:
    """The cells of a relabel ledger, their votes and verdicts.

    Parameters
    ----------
    ledger : DataFrame
        As `cross_relabel` writes it; ``source, image, label, old_class, new_class, proposed_class, confidence`` count.
        Votes of others than the teacher may stand in it already, as ``vote_<voter>`` and ``sure_<voter>``.
    folder : Path, optional
        Where verdicts are kept; without one they are lost at the end.

    Raises
    ------
    NucleusError
        A column is missing, or a cell stands in the ledger twice.
    """

    def __init__(self, ledger: pd.DataFrame, folder: Path | None = None) -> None:
        missing = [name for name in _COLUMNS if name not in ledger]
        if missing:
            raise NucleusError(f"Expected a relabel ledger, got a table without {', '.join(missing)}. Choose a ledger.")
        self._ledger = ledger.reset_index(drop=True)
        self._row = {Cell(s, i, int(n)): row for row, (s, i, n) in enumerate(_keys(self._ledger))}
        if len(self._row) < len(ledger):
            raise NucleusError("Expected each cell once in the ledger, got one twice. Choose the ledger of one run.")
        self._file = None if folder is None else VerdictFile(folder)
        self._lines = {row: line for line in self._read() if (row := self._row.get(line.cell)) is not None}
        self.vote("teacher", ledger["proposed_class"].to_numpy(object), ledger["confidence"].to_numpy())

    @classmethod
    def open(cls, folder: Path) -> Court:
        """The ledger of a run of `cross_relabel`, with the verdicts that were given so far.

        Raises
        ------
        NucleusError
            The folder holds none, or a broken one.
        """
        path = folder / "ledger.parquet"
        if not path.is_file():
            raise NucleusError(f"Expected a run of cross-relabelling, got no ledger. Choose its folder: {folder}")
        try:
            ledger = pd.read_parquet(path)
            if (folder / VOTES).is_file():
                ledger = _with_votes(ledger, pd.read_parquet(folder / VOTES))
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:120]
            raise NucleusError(f"Expected a whole ledger, got a broken one ({reason}). File: {path}") from None
        return cls(ledger, folder)

    def __len__(self) -> int:
        return len(self._ledger)

    @property
    def ledger(self) -> pd.DataFrame:
        """The ledger with the votes, as it came."""
        return self._ledger

    def cell(self, row: int) -> Cell:
        """Which cell stands in a row."""
        source, image, label = (self._ledger.at[row, name] for name in _KEYS)
        return Cell(str(source), str(image), int(str(label)))

    def classes(self, row: int) -> tuple[str, str]:
        """What a cell was called originally, and what the ledger calls it."""
        return str(self._ledger.at[row, "old_class"]), str(self._ledger.at[row, "new_class"])

    def vote(self, voter: str, names: ArrayLike, confidence: ArrayLike | None = None) -> None:
        """Add what a voter says of every cell.

        Parameters
        ----------
        voter : str
            One of `VOTERS`, or another.
        names : (N,) str
            Classes, in the words of the ledger's; empty where it doesn't vote.
        confidence : (N,) float, optional
        """
        self._ledger[f"vote_{voter}"] = np.asarray(names, object)
        self._ledger[f"sure_{voter}"] = np.nan if confidence is None else np.asarray(confidence, np.float64)

    def votes(self, row: int) -> list[Vote]:
        """What everyone says of a cell, those who vote."""
        entry = self._ledger.iloc[row]
        votes = [Vote(voter, entry[f"vote_{voter}"], float(entry[f"sure_{voter}"])) for voter in self.voters]
        return [vote for vote in votes if vote.name]

    @property
    def voters(self) -> list[str]:
        """Who has voted, in the order of `VOTERS`, then others."""
        named = [name.removeprefix("vote_") for name in map(str, self._ledger) if name.startswith("vote_")]
        return sorted(named, key=lambda name: VOTERS.index(name) if name in VOTERS else len(VOTERS))

    @property
    def dissent(self) -> NDArray[np.float64]:
        """How much each cell's votes contradict what was proposed, (N,), from 0 to 1: the court's order.

        The share of votes for another class, and as a tie-breaker the teacher's doubt.
        """
        proposed = self._ledger["proposed_class"].to_numpy(object)
        against, voting = np.zeros(len(self)), np.zeros(len(self))
        for voter in self.voters:
            names = self._ledger[f"vote_{voter}"].to_numpy(object)
            voting += names != ""
            against += (names != "") & (names != proposed)
        share = against / np.maximum(voting, 1)
        result: NDArray[np.float64] = 0.9 * share + 0.1 * (1 - self._ledger["confidence"].to_numpy(np.float64))
        return result

    def order(self, *, undecided: bool = True) -> NDArray[np.int64]:
        """Rows, the most disputed first; those without a verdict alone by default."""
        rows = np.argsort(-self.dissent, kind="stable")
        return np.array([row for row in rows if not undecided or self.verdict(row) is None], np.int64)

    def decide(self, row: int, verdict: Verdict, annotator: str) -> None:
        """Accept the proposed class, reject it, or abstain; the last verdict counts. It is on the disk on return.

        Raises
        ------
        NucleusError
            It can't be written.
        """
        cell = self.cell(row)
        self._lines[row] = (
            Line("", annotator, cell, verdict) if self._file is None else self._file.add(cell, verdict, annotator)
        )

    def withdraw(self, row: int, annotator: str) -> None:
        """Take a verdict back; that is a line of its own."""
        self.decide(row, Verdict.WITHDRAWN, annotator)

    def verdict(self, row: int) -> Verdict | None:
        """What was decided on a cell."""
        line = self._lines.get(row)
        return None if line is None or line.verdict is Verdict.WITHDRAWN else line.verdict

    @property
    def table(self) -> pd.DataFrame:
        """The ledger with votes, ``verdict``, ``annotator``, ``time`` and ``final_class``.

        The final class is the proposed one where it was accepted, what the cell was where it was rejected, and what
        the ledger says elsewhere.
        """
        lines = [self._lines.get(row) if self.verdict(row) is not None else None for row in range(len(self))]
        table = self._ledger.assign(
            verdict=["" if line is None else str(line.verdict) for line in lines],
            annotator=["" if line is None else line.annotator for line in lines],
            time=["" if line is None else line.time for line in lines],
        )
        choices = [table["verdict"] == Verdict.ACCEPT, table["verdict"] == Verdict.REJECT]
        final = np.select(choices, [table["proposed_class"], table["old_class"]], table["new_class"])
        return table.assign(final_class=final)

    def diff(self) -> pd.DataFrame:
        """What has become of the original classes: the rows whose final class is another, as in `table`."""
        table = self.table
        return table[table["final_class"] != table["old_class"]].reset_index(drop=True)

    def summary(self) -> pd.DataFrame:
        """Cells by source, old and final class, and verdict: ``source, old_class, final_class, verdict, cells``."""
        columns = ["source", "old_class", "final_class", "verdict"]
        return self.table.groupby(columns).size().rename("cells").reset_index()

    def export(self, path: Path, *, only_changed: bool = False) -> None:
        """Write the table, or what has changed, as CSV or Parquet by the file's suffix.

        Raises
        ------
        NucleusError
            The suffix is another, or the file can't be written.
        """
        write = {".csv": lambda t, p: t.to_csv(p, index=False), ".parquet": lambda t, p: t.to_parquet(p, index=False)}
        if path.suffix not in write:
            raise NucleusError(f"Expected .csv or .parquet, got {path.suffix or 'no suffix'}. Rename it: {path}")
        with replacing(path) as part:
            write[path.suffix](self.diff() if only_changed else self.table, part)

    def _read(self) -> Sequence[Line]:
        return [] if self._file is None else self._file.read()


def _with_votes(ledger: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """A ledger with the votes that were kept beside it; whoever said nothing of a cell has no vote."""
    merged = ledger.merge(votes, "left", _KEYS)
    names = [name for name in map(str, merged) if name.startswith("vote_")]
    return merged.assign(**{name: merged[name].fillna("") for name in names})


def _keys(ledger: pd.DataFrame) -> list[tuple[str, str, int]]:
    return list(ledger[_KEYS].itertuples(index=False, name=None))
