"""How training shows itself on the command line: one line that says where it is, and an end that loses nothing."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from napari_nucleus.core import Progress

Result = TypeVar("Result")

_EVERY_S = 10.0  # in a file, where each line stays


def follow_training(work: Generator[Progress, None, Result]) -> Result:
    """Train to the end; Ctrl-C (or SIGTERM) ends after the step that is being done, with a checkpoint.

    Of several processes that ``torchrun`` has started the first one speaks.

    Raises
    ------
    SystemExit
        It was interrupted: 130.
    """
    line = _Line()
    with _asked_to_stop() as stop:
        while True:
            try:
                progress = next(work)
            except StopIteration as end:
                line.end()
                result: Result = end.value
                return result
            line.show(progress)
            if stop.is_set():
                work.close()
                line.end()
                if is_first():
                    print(f"stopped after step {progress.done}; go on with --resume", flush=True)
                raise SystemExit(130)


def runs_folder(recipe: Path, runs: Path, run: Path | None, resume: bool) -> Path:
    """Where the run lands, or lies that is resumed.

    Raises
    ------
    NucleusError
        A run's folder is given that isn't of this recipe, or isn't to be resumed.
    """
    if run is None:
        return runs
    from napari_nucleus.core import NucleusError
    from napari_nucleus.jobs import JobSpec

    name = JobSpec(kind="train", recipe=str(recipe), data="").name()
    if not resume:
        raise NucleusError(f"Expected a recipe alone, got {run}, too. To go on with that run, say --resume.")
    if run.name != name or not (run / "recipe.json").is_file():
        raise NucleusError(f"Expected a run of {name} to go on with, got {run}. Give its folder, RUNS/{name}.")
    return run.parent


def is_first() -> bool:
    """Whether this is the only process, or the first of several."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def _asked_to_stop() -> Iterator[Event]:
    """Set by Ctrl-C or SIGTERM; the second Ctrl-C interrupts at once."""
    stop = Event()

    def ask(number: int, frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    former = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


class _Line:
    """A line that replaces itself on a terminal; elsewhere one now and then, and at each validation."""

    def __init__(self) -> None:
        self._replaces = sys.stdout.isatty()
        self._printed = float("-inf")
        self._begun: tuple[int, float] | None = None
        self._scores = ""
        self._message = ""

    def show(self, progress: Progress) -> None:
        if not is_first():
            return
        now = time.monotonic()
        scores = {name: value for name, value in progress.values.items() if name.startswith("val_")}
        if scores:
            self._scores = "  ".join(f"{name} {value:.4g}" for name, value in scores.items())
        if self._replaces:
            print(f"\r\033[K{self._text(progress, now)}", end="", flush=True)
        elif scores or progress.message != self._message or progress.done == progress.total or self._is_time(now):
            print(self._text(progress, now), flush=True)
            self._printed = now
        self._message = progress.message

    def end(self) -> None:
        if self._replaces and is_first():
            print(flush=True)

    def _is_time(self, now: float) -> bool:
        return now - self._printed >= _EVERY_S

    def _text(self, progress: Progress, now: float) -> str:
        if not progress.values:
            return progress.message
        self._begun = self._begun or (progress.done, now)
        done, begun = self._begun
        left = ""
        if progress.done > done:
            pace = (now - begun) / (progress.done - done)
            left = f"{pace:.2g} s a step, {_duration(pace * (progress.total - progress.done))} left"
        loss = f"loss {progress.values['loss']:.4g}" if "loss" in progress.values else ""
        words = (f"{progress.message} {progress.done}/{progress.total}", loss, self._scores, left)
        return "  ".join(word for word in words if word)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
