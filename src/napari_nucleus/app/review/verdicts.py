"""What people have said of relabelled cells: a file that only ever grows, a line a verdict."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from enum import StrEnum
from errno import ENOSPC
from pathlib import Path
from typing import NamedTuple

from napari_nucleus.core import NucleusError

FILE = "verdicts.jsonl"


class Verdict(StrEnum):
    """On a proposed class."""

    ACCEPT = "accept"
    REJECT = "reject"
    ABSTAIN = "abstain"
    WITHDRAWN = "withdrawn"


class Cell(NamedTuple):
    """Which cell: its source, image and label, as in the ledger."""

    source: str
    image: str
    label: int


class Line(NamedTuple):
    """A verdict: when (UTC, ISO 8601), who, on which cell, and what."""

    time: str
    annotator: str
    cell: Cell
    verdict: Verdict


class VerdictFile:
    """Verdicts in a folder. What `add` has returned from is on the disk; several programs may add at once.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def read(self) -> list[Line]:
        """All lines, the oldest first; one that a power cut has torn is left out."""
        if not self._path.is_file():
            return []
        text = self._path.read_text(encoding="utf-8", errors="replace")
        return [line for line in map(_line, text.splitlines()) if line is not None]

    def add(self, cell: Cell, verdict: Verdict, annotator: str) -> Line:
        """Write a verdict.

        Raises
        ------
        NucleusError
            The file can't be written; nothing has changed then.
        """
        line = Line(datetime.now(UTC).isoformat(timespec="milliseconds"), annotator, cell, verdict)
        values = [line.time, annotator, *cell, verdict]
        # What a torn line before it has left ends at the line break in front.
        text = f"\n{json.dumps(values)}\n".encode()
        try:
            # Opened to append: the system writes each line whole behind the last, whoever else is writing.
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                if os.write(handle, text) < len(text):
                    raise OSError(ENOSPC, os.strerror(ENOSPC))
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise NucleusError(
                f"Expected to write the verdict, got: {error.strerror}. Free space, or ask for the right. "
                f"File: {self._path}"
            ) from None
        return line


def _line(text: str) -> Line | None:
    """A line of the file; None where it is torn."""
    try:
        time, annotator, source, image, label, verdict = json.loads(text)
        return Line(str(time), str(annotator), Cell(str(source), str(image), int(label)), Verdict(verdict))
    except (ValueError, TypeError):
        return None
