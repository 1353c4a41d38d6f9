"""What the panel Train shows of its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_nucleus.jobs import Job

ACTIVE = ("queued", "running")
_WORDS = {
    "train": "train",
    "distill": "distil",
    "fine_tune": "fine-tune",
    "relabel": "cross-relabel",
    "graph": "graph classifier",
    "clip": "CLIP",
}


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job in the list.

    Attributes
    ----------
    id, name, kind, state : str
        ``kind`` in words.
    done, total : int
        Steps; 0 of 0 before the first.
    text : str
        Why it stands so, what it is doing, or its last word.
    seconds_left : float or None
    model : str
        That has come of it.
    """

    id: str
    name: str
    kind: str
    state: str
    done: int = 0
    total: int = 0
    text: str = ""
    seconds_left: float | None = None
    model: str = ""

    @classmethod
    def of(cls, job: Job) -> JobRow:
        """A job as it stood at the last look."""
        status = job.status
        done, total = (0, 0) if status.progress is None else (status.progress.done, status.progress.total)
        kind = _WORDS[job.spec.kind]
        return cls(job.id, job.name, kind, status.state, done, total, status.message, status.seconds_left, status.model)

    @property
    def can_pause(self) -> bool:
        """Whether it can be paused."""
        return self.state in ACTIVE

    @property
    def can_resume(self) -> bool:
        """Whether it can go on."""
        return self.state in ("paused", "failed", "cancelled")

    @property
    def can_cancel(self) -> bool:
        """Whether there is something to cancel."""
        return self.state in (*ACTIVE, "paused")

    @property
    def can_remove(self) -> bool:
        """Whether it can be forgotten."""
        return self.state != "running"


@dataclass
class TrainState:
    """The panel's state; each field emits ``events.<field>`` when it changes.

    Attributes
    ----------
    rows : tuple of JobRow
        In the order in which they were submitted.
    chosen : str
        Number of the job whose curves are shown; empty: none.
    message : str
        The last thing to tell the user.
    """

    rows: tuple[JobRow, ...] = ()
    chosen: str = ""
    message: str = ""
    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    @property
    def row(self) -> JobRow | None:
        """The chosen job."""
        return next((row for row in self.rows if row.id == self.chosen), None)


def time_left(seconds: float | None) -> str:
    """How long it takes still, for a person.

    Examples
    --------
    >>> time_left(42), time_left(200), time_left(7300), time_left(None)
    ('42 s left', '3 min left', '2 h 2 min left', '')
    """
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{seconds:.0f} s left"
    minutes = round(seconds / 60)
    return f"{minutes} min left" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min left"
