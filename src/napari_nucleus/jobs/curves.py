"""Curves of a run that is still growing: only what is new is read."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pandas as pd


class Curves:
    """``log.csv`` of a run as a table, read on from where the last reading ended.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._forget()

    def _forget(self) -> None:
        self._table = pd.DataFrame()
        self._header = self._last = b""
        self._read = 0

    def table(self) -> pd.DataFrame:
        """All whole rows so far, a row a step; empty where there is no log yet."""
        try:
            content = self._new_rows()
        except OSError:
            return self._table
        if content:
            rows = pd.read_csv(BytesIO(self._header + content))
            self._table = rows if self._table.empty else pd.concat([self._table, rows], ignore_index=True)
            self._read += len(content)
            self._last = content[content.rfind(b"\n", 0, -1) + 1 :]
        return self._table

    def _new_rows(self) -> bytes:
        with self._path.open("rb") as file:
            header = file.readline()
            file.seek(max(0, self._read - len(self._last)))
            if header != self._header or file.read(len(self._last)) != self._last:
                self._forget()  # begun anew, or cut back to a checkpoint
                if not header.endswith(b"\n"):
                    return b""
                self._header, self._read = header, len(header)
                file.seek(self._read)
            content = file.read()
        return content[: content.rfind(b"\n") + 1]
