"""A job's record, and what may become of it: plain values, no files and no processes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from napari_nucleus.core import NucleusError

State = Literal["queued", "running", "paused", "done", "failed", "cancelled"]
Wish = Literal["run", "pause", "cancel"]
STATES: tuple[str, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a job beside its order.

    Attributes
    ----------
    state : str
        ``running`` counts only while the process lives; the others are as they stand.
    message : str
        Why it stands so, in one line.
    queued, started, ended : float
        Seconds since 1970; 0 where it hasn't happened. Queued jobs start in the order of ``queued``.
    host : str
        The machine that the job belongs to.
    pid : int
        Of the process, 0 while it is being started.
    created : float
        When that process began, as the system says: numbers of processes are given anew.
    cwd : str
        Where the job was submitted; relative paths in the recipe start there.
    at_once : int
        Jobs that may run beside each other, so that the one that ends knows whether to start the next.
    run : str
        The run's folder.
    model : str
        Name of the finished model in the list of models.
    """

    state: State = "queued"
    message: str = ""
    queued: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    host: str = ""
    pid: int = 0
    created: float = 0.0
    cwd: str = ""
    at_once: int = 1
    run: str = ""
    model: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Record:
        """Read `as_dict` back; what another version added is dropped.

        Raises
        ------
        NucleusError
            The state is none that we know.
        """
        record = cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})
        if record.state not in STATES:
            raise NucleusError(f"Expected a state out of {', '.join(STATES)}, got {record.state!r}. Remove the job.")
        return record


def wished(record: Record, wish: Wish, now: float) -> Record:
    """The record after somebody asked for something; a running job stays so until its process has obeyed.

    Parameters
    ----------
    record : Record
        With the state that is true now.
    wish : str
        ``run`` (go on), ``pause`` or ``cancel``.
    now : float
        Seconds since 1970.

    Raises
    ------
    NucleusError
        A job in that state can't do so.
    """
    state = record.state
    settled = {"pause": "paused", "cancel": "cancelled", "run": "queued"}[wish]
    if state in ("running", settled):
        return record
    if wish == "run" and state != "done":
        return replace(record, state="queued", message="", queued=now, ended=0.0)
    if wish == "pause" and state == "queued":
        return replace(record, state="paused", message="")
    if wish == "cancel" and state in ("queued", "paused"):
        return replace(record, state="cancelled", message="", ended=now)
    able = {
        "run": "paused, cancelled or has failed",
        "pause": "runs or waits",
        "cancel": "runs, waits or is paused",
    }[wish]
    raise NucleusError(f"Expected a job that {able}, got one that is {state}. Submit a new one.")


def obeyed(record: Record, wish: Wish, now: float) -> Record:
    """The record of a process that has stopped because somebody asked it to, and by now wishes ``wish``."""
    if wish == "pause":
        return replace(record, state="paused", message="")
    if wish == "cancel":
        return replace(record, state="cancelled", message="", ended=now)
    return replace(record, state="queued", message="", queued=now)
