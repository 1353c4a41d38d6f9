"""The curves of a run: ``log.csv`` and TensorBoard's files."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_nucleus.training.board import Board
from napari_nucleus.training.whole_file import no_room, whole_file


class RunLog:
    """A row a step; a resumed run drops the rows after its checkpoint.

    Parameters
    ----------
    folder : Path
        Of the run.
    first : int
        Steps that are done.
    """

    def __init__(self, folder: Path, first: int) -> None:
        self._folder, self._path = folder, folder / "log.csv"
        self._rows = _rows_up_to(self._path, first)
        self._columns = list(self._rows[0]) if self._rows else []
        if self._columns:
            self._rewrite()
        with _room_for(folder / "tensorboard"):
            self._board = Board(folder / "tensorboard", first)

    def write(self, step: int, values: dict[str, float]) -> None:
        """Add a step's row."""
        row = {"step": str(step), **{name: f"{value:.9g}" for name, value in values.items()}}
        self._rows.append(row)
        new = [name for name in row if name not in self._columns]
        if new:
            self._columns += new
            self._rewrite()
        else:
            self._append(row)
        with _room_for(self._folder / "tensorboard"):
            self._board.write(step, values)

    def sync(self) -> None:
        """Make all rows last, before a checkpoint that comes after them."""
        with _room_for(self._path), self._path.open("a") as file:
            os.fsync(file.fileno())

    def close(self) -> None:
        """End the files."""
        self._board.close()

    def _append(self, row: dict[str, str]) -> None:
        with _room_for(self._path), self._path.open("a", newline="") as file:
            csv.DictWriter(file, self._columns).writerow(row)

    def _rewrite(self) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self._columns)
        writer.writeheader()
        writer.writerows(self._rows)
        with whole_file(self._path) as file:
            file.write(text.getvalue().encode())


@contextmanager
def _room_for(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise no_room(path, error) from None


def _rows_up_to(path: Path, last: int) -> list[dict[str, str]]:
    """The rows of the first steps; one that a kill has cut short comes after them."""
    if not last or not path.exists():
        return []
    rows: list[dict[str, str]] = []
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            step, former = row["step"], int(rows[-1]["step"]) if rows else 0
            if not (step.isdigit() and former < int(step) <= last):
                break
            rows.append(row)
    return rows
