"""A line of progress where somebody can see it."""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from napari_nucleus.core import Progress

Result = TypeVar("Result")


def follow(what: str, steps: Generator[Progress, None, Result]) -> Result:
    """Run long work to its end; on a terminal the progress stands in one line of stderr that is wiped at the end."""
    shown = sys.stderr.isatty()
    while True:
        try:
            progress = next(steps)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        finally:
            if shown:
                print("\r\033[K", end="", file=sys.stderr)
        if shown:
            share = f" {progress.done}/{progress.total}" if progress.total else ""
            print(f"{what}: {progress.message}{share}", end="", file=sys.stderr, flush=True)
