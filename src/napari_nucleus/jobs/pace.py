"""What a job tells of its way: the last progress for windows, now and then a line for the log."""

from __future__ import annotations

import time

from napari_nucleus.core import Progress
from napari_nucleus.jobs.folder import JobFolder

_WRITE_EVERY_S = 0.2
_PRINT_EVERY_S = 10.0


class Pace:
    """Writes progress, not more often than anybody looks, and tells the time that is left.

    Parameters
    ----------
    folder : JobFolder
    """

    def __init__(self, folder: JobFolder) -> None:
        self._folder = folder
        self._first: tuple[int, int, float] | None = None
        self._written = self._printed = float("-inf")
        self._progress: Progress | None = None

    def step(self, progress: Progress) -> None:
        """A step was made."""
        now = time.monotonic()
        self._progress = progress
        if self._first is None or self._first[0] != progress.total:  # reading images has a total of its own
            self._first = progress.total, progress.done, now
        if now - self._written >= _WRITE_EVERY_S:
            self._write(now)
        scores = any(name.startswith("val_") for name in progress.values)
        if now - self._printed >= _PRINT_EVERY_S or scores or progress.done == progress.total:
            self._print(now)

    def last(self) -> None:
        """No step follows: nothing stays unwritten."""
        if self._progress is not None:
            self._write(time.monotonic())

    def _write(self, now: float) -> None:
        assert self._progress is not None
        self._folder.write_progress(self._progress, self._seconds_left(self._progress, now))
        self._written = now

    def _seconds_left(self, progress: Progress, now: float) -> float | None:
        """At the pace since this start; the first step, in which libraries warm up, doesn't count."""
        if self._first is None or progress.done <= self._first[1]:
            return None
        _, done, since = self._first
        return (now - since) / (progress.done - done) * (progress.total - progress.done)

    def _print(self, now: float) -> None:
        assert self._progress is not None
        values = "  ".join(f"{name} {value:.4g}" for name, value in self._progress.values.items())
        print(f"{self._progress.done}/{self._progress.total} {self._progress.message}  {values}", flush=True)
        self._printed = now
