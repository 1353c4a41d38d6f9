"""One job as a program or a panel sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.jobs.curves import Curves
from napari_nucleus.jobs.folder import JobFolder, locked
from napari_nucleus.jobs.process import this_host
from napari_nucleus.jobs.record import State, Wish, wished
from napari_nucleus.jobs.truth import check_run_folder, has_died, true_record

_ON_ITS_WAY = {"pause": "pausing at the end of this step", "cancel": "cancelling at the end of this step"}


@dataclass(frozen=True, slots=True)
class Status:
    """How a job stands.

    Attributes
    ----------
    state : str
        ``queued``, ``running``, ``paused``, ``done``, ``failed`` or ``cancelled``.
    message : str
        Why, or what it is doing, in one line.
    progress : Progress or None
        The last one; None before the first.
    seconds_left : float or None
        Until it is done, where that can be told.
    model : str
        Name of the finished model in the list of models.
    """

    state: State
    message: str = ""
    progress: Progress | None = None
    seconds_left: float | None = None
    model: str = ""


class Job:
    """A job of a queue; made by `JobQueue`.

    Attributes
    ----------
    changed : Signal
        Emitted with the new `Status`, in the thread that noticed it: the queue's own where it watches.
    id : str
        Its number in the queue.
    spec : JobSpec
    host : str
        The machine that does it; `resume` makes it this one.
    run_folder : Path
        Where the run's checkpoint, curves and weights are.
    died : bool
        Its process is gone without a word, and that isn't on record yet.
    """

    changed = Signal(Status)

    def __init__(self, folder: JobFolder, advance: Callable[[], None]) -> None:
        self._folder = folder
        self._advance = advance
        self.id = folder.id
        self.spec = folder.spec()
        self.run_folder = Path(folder.record().run)
        self.host = ""
        self.died = False
        self._curves = Curves(self.run_folder / "log.csv")
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] = ()
        self._unsettled = True  # what is true hangs on a process, not on files alone
        self._status = Status("queued")
        self.refresh()

    def __repr__(self) -> str:
        return f"Job({self.id}, {self.name}, {self._status.state})"

    @property
    def name(self) -> str:
        """Of the recipe."""
        return self.run_folder.name

    @property
    def status(self) -> Status:
        """How it stood at the last look; `refresh` looks anew, and a queue that watches does so twice a second."""
        return self._status

    @property
    def state(self) -> State:
        """``queued``, ``running``, ``paused``, ``done``, ``failed`` or ``cancelled``."""
        return self._status.state

    @property
    def message(self) -> str:
        """Why it stands so, or what it is doing."""
        return self._status.message

    @property
    def progress(self) -> Progress | None:
        """The last one."""
        return self._status.progress

    def refresh(self) -> Status:
        """Look at the job's files and process, and tell those who listen what has changed.

        Raises
        ------
        OSError
            The job has been removed.
        """
        with self._lock:
            before = self._status
            stamp = self._folder.stamp()
            if stamp != self._stamp or self._unsettled:
                self._status, self._stamp = self._look(), stamp
            status = self._status
        if status != before:
            self.changed.emit(status)
        return status

    def _look(self) -> Status:
        record = true_record(self._folder)
        self._unsettled = self._folder.record().state == "running"
        self.died = has_died(self._folder, record)
        self.host = record.host
        progress, left = self._folder.progress() or (None, None)
        if record.state != "running":
            return Status(record.state, record.message, progress, None, record.model)
        doing = progress.message if progress else "starting"
        return Status("running", _ON_ITS_WAY.get(self._folder.wish(), doing), progress, left)

    def pause(self) -> None:
        """Stop at the end of this step with a checkpoint; memory, also the GPU's, is free until `resume`.

        Raises
        ------
        NucleusError
            It neither runs nor waits, or its folder can't be written.
        """
        self._ask("pause")

    def cancel(self) -> None:
        """Stop at the end of this step with a checkpoint, for good; `resume` takes that back.

        Raises
        ------
        NucleusError
            It neither runs, waits nor is paused, or its folder can't be written.
        """
        self._ask("cancel")

    def resume(self) -> None:
        """Queue it again, to go on from its checkpoint.

        Raises
        ------
        NucleusError
            It is done, another job uses its run folder, or its folder can't be written.
        """
        self._ask("run")

    def _ask(self, wish: Wish) -> None:
        with locked(self._folder.path.parent):
            try:
                record = true_record(self._folder)
            except FileNotFoundError:
                raise NucleusError(f"Expected job {self.id}, got none: it was removed. Submit it anew.") from None
            wanted = wished(record, wish, time.time())
            if wish == "run" and record.state != "running":
                check_run_folder(self._folder.path.parent, self.run_folder, but=self._folder)
                wanted = replace(wanted, host=this_host())
            # Only a process obeys wishes; one left behind would stop the next start.
            self._folder.write_wish(wish if wanted.state == "running" else "run")
            if wanted != record:
                self._folder.write_record(wanted)
        self.refresh()
        self._advance()

    def log(self) -> str:
        """Everything that its process has printed."""
        try:
            return self._folder.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def curves(self) -> pd.DataFrame:
        """``log.csv`` of the run, a row a step; empty where there is none yet. Call it from one thread only."""
        return self._curves.table()

    def preview(self) -> dict[str, NDArray] | None:
        """What the network makes of a held-out image, by name, as of the last validation; None where there is none."""
        try:
            with np.load(self.run_folder / "preview.npz", allow_pickle=False) as file:
                return dict(file)
        except (OSError, ValueError):
            return None
