"""Progress: what long work yields. Every ``yield`` is also the place where it may be paused or cancelled."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of long work.

    Attributes
    ----------
    done, total : int
        Steps finished, and steps in all (0 where it isn't known).
    message : str
        What is being done, for a person.
    values : dict
        Numbers that belong to the step (losses, seconds, …).
    """

    done: int
    total: int
    message: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def drain(work: Generator[Progress, None, Result]) -> Result:
    """Run long work to its end and return its result, dropping the progress.

    Parameters
    ----------
    work : generator of Progress
        Such as `napari_nucleus.training.fit` or `napari_nucleus.inference.segment_steps`.

    Examples
    --------
    >>> def count():
    ...     yield Progress(1, 1)
    ...     return "done"
    >>> drain(count())
    'done'
    """
    while True:
        try:
            next(work)
        except StopIteration as stop:
            result: Result = stop.value
            return result
