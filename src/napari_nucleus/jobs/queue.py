"""A folder of jobs: submitted, found again, started one after another."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from subprocess import Popen

from platformdirs import user_data_path
from psygnal import Signal

from napari_nucleus.core import NucleusError
from napari_nucleus.jobs.folder import JobFolder, locked
from napari_nucleus.jobs.job import Job
from napari_nucleus.jobs.process import spare_threads, this_host
from napari_nucleus.jobs.record import Record, State
from napari_nucleus.jobs.spec import JobSpec
from napari_nucleus.jobs.truth import advance, check_run_folder, job_folders

_VARIABLE = "NAPARI_NUCLEUS_JOBS"
_LOOK_EVERY_S = 0.5
_log = logging.getLogger(__name__)


def jobs_folder() -> Path:
    """Where jobs are kept; the environment variable ``NAPARI_NUCLEUS_JOBS`` names another place."""
    named = os.environ.get(_VARIABLE)
    return Path(named).expanduser() if named else user_data_path("napari-nucleus", appauthor=False) / "jobs"


class JobQueue:
    """Jobs of a folder; several windows and programs may share one.

    Jobs run in processes of their own and go on when this one ends; the one that ends starts the next.

    Parameters
    ----------
    folder : path, optional
        `jobs_folder` by default.
    at_once : int
        Jobs that run beside each other on this machine.

    Attributes
    ----------
    changed : Signal
        A job has come, gone or changed its state, whoever did it. Emitted by the thread that noticed it.
    """

    changed = Signal()

    def __init__(self, folder: str | Path | None = None, at_once: int = 1) -> None:
        if at_once < 1:
            raise NucleusError(f"Expected room for at least 1 job at once, got {at_once}. Give 1 or more.")
        self.folder = Path(folder) if folder is not None else jobs_folder()
        self._at_once = at_once
        self._jobs: dict[str, Job] = {}
        self._started: list[Popen[bytes]] = []
        self._told: dict[str, State] = {}
        self._broken: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def submit(self, spec: JobSpec) -> Job:
        """Queue a job; the recipe is copied, so that it may be edited afterwards.

        Raises
        ------
        NucleusError
            The recipe is missing or no TOML, another job has the same run folder, or the jobs folder can't be written.
        """
        name = spec.name()
        recipe = Path(spec.recipe).resolve()
        run = Path(spec.runs).expanduser().resolve() / name
        spec = replace(
            spec,
            recipe=str(recipe),
            data=str(Path(spec.data).expanduser().resolve()),
            runs=str(run.parent),
            threads=spec.threads or max(1, spare_threads() // self._at_once),
        )
        record = Record(queued=time.time(), host=this_host(), cwd=str(Path.cwd()), run=str(run), at_once=self._at_once)
        with locked(self.folder):
            check_run_folder(self.folder, run)
            number = max((int(path.name) for path in self.folder.iterdir() if path.name.isdecimal()), default=0) + 1
            folder = JobFolder(self.folder / str(number))
            folder.create(spec, recipe.read_text(encoding="utf-8"), record)
        self._look()
        job = self._jobs[folder.id]
        self._advance()
        return job

    def jobs(self) -> list[Job]:
        """All jobs in the order in which they were submitted."""
        if self._thread is None:
            self._look()
        return list(self._jobs.values())

    def job(self, id: str) -> Job:  # noqa: A002  (the jobs' own word)
        """The job of that number.

        Raises
        ------
        NucleusError
            There is none.
        """
        self._look()
        if id not in self._jobs:
            have = ", ".join(self._jobs) or "none"
            raise NucleusError(f"Expected the number of a job ({have}), got {id!r}. Choose one of those.")
        return self._jobs[id]

    def remove(self, job: Job) -> None:
        """Forget a job; its run folder stays.

        Raises
        ------
        NucleusError
            It runs, or its folder can't be deleted.
        """
        with locked(self.folder):
            try:
                if job.refresh().state == "running":
                    raise NucleusError(f"Expected a job that doesn't run, got {job.id}, which does. Cancel it first.")
                shutil.rmtree(self.folder / job.id)
            except OSError as error:
                raise NucleusError(f"Expected to delete job {job.id}, got: {error}. Delete its folder.") from None
        self._look()

    def watch(self) -> JobQueue:
        """Follow the jobs in a thread of its own, twice a second, until `close`; returns the queue, for ``with``."""
        if self._thread is None:
            self._closed.clear()
            self._look()
            self._thread = threading.Thread(target=self._follow, name="jobs", daemon=True)
            self._thread.start()
        return self

    def close(self) -> None:
        """End `watch`; jobs go on."""
        if self._thread is not None:
            self._closed.set()
            self._wake.set()
            self._thread.join()
            self._thread = None

    def __enter__(self) -> JobQueue:
        return self.watch()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self) -> None:
        problem = ""
        while True:
            last = self._closed.is_set()  # what was asked before `close` is still done
            try:
                self._look()
                self._start_jobs()
                problem = ""
            except (NucleusError, OSError) as error:  # such as a network drive that is away: look again later
                if problem != str(error):
                    problem = str(error)
                    _log.warning("%s", error)
            if last:
                return
            self._wake.wait(_LOOK_EVERY_S)
            self._wake.clear()

    def _advance(self) -> None:
        """See what has changed and start what can be started: here, or in the thread where there is one."""
        if self._thread is None:
            self._look()
            self._start_jobs()
        else:
            self._wake.set()

    def _start_jobs(self) -> None:
        self._started = [process for process in self._started if process.poll() is None]  # leaves no zombies
        mine = [job for job in self._jobs.values() if job.host == this_host()]
        room = sum(job.state == "running" for job in mine) < self._at_once
        if any(job.died for job in self._jobs.values()) or (room and any(job.state == "queued" for job in mine)):
            self._started += advance(self.folder, self._at_once)
            self._look()

    def _look(self) -> None:
        """Find jobs that have come or gone, and look at each."""
        found = job_folders(self.folder)
        with self._lock:
            for folder in found:
                if folder.id not in self._jobs.keys() | self._broken:
                    self._adopt(folder)
            for id_ in self._jobs.keys() - {folder.id for folder in found}:
                del self._jobs[id_]
        for job in list(self._jobs.values()):
            with suppress(FileNotFoundError):  # removed by another window just now
                job.refresh()
        states = {id_: job.state for id_, job in self._jobs.items()}
        if states != self._told:
            self._told = states
            self.changed.emit()

    def _adopt(self, folder: JobFolder) -> None:
        try:
            self._jobs[folder.id] = Job(folder, self._advance)
        except FileNotFoundError:
            return  # removed just now
        except NucleusError as error:
            self._broken.add(folder.id)
            _log.warning("%s", error)
