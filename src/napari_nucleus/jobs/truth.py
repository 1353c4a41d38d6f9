"""What is true of jobs now, and what follows from it: the dead are told so, the next ones start."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from subprocess import Popen

from napari_nucleus.core import NucleusError
from napari_nucleus.jobs.autopsy import autopsy
from napari_nucleus.jobs.folder import JobFolder, locked
from napari_nucleus.jobs.process import creation, is_alive, launch, spare_threads, this_host
from napari_nucleus.jobs.record import Record


def job_folders(root: Path) -> list[JobFolder]:
    """All jobs of a jobs folder, in the order in which they were submitted."""
    if not root.is_dir():
        return []
    found = [path for path in root.iterdir() if path.name.isdecimal() and (path / "state.json").exists()]
    return [JobFolder(path) for path in sorted(found, key=lambda path: int(path.name))]


def true_record(folder: JobFolder) -> Record:
    """The record, with ``failed`` where a running job's process is gone.

    Raises
    ------
    OSError
        The job has been removed.
    """
    record = folder.record()
    while record.state == "running" and not is_alive(folder, record):
        again = folder.record()  # it may have ended well between the two looks
        if again == record:
            return replace(record, state="failed", message=autopsy(folder, record), ended=time.time())
        record = again
    return record


def has_died(folder: JobFolder, true: Record) -> bool:
    """Whether a process of this machine is gone and that isn't written down yet; another machine may only be away."""
    return true.state == "failed" and true.host == this_host() and folder.record().state == "running"


def check_run_folder(root: Path, run: Path, but: JobFolder | None = None) -> None:
    """Refuse a run folder that an unfinished job has; hold `locked` until the job that wants it is written.

    Raises
    ------
    NucleusError
        Names the other job.
    """
    for folder in job_folders(root):
        record = true_record(folder)
        if folder != but and record.run == str(run) and record.state in ("queued", "running", "paused"):
            raise NucleusError(
                f"Expected a run folder of its own, got {run}, which job {folder.id} ({record.state}) has. "
                "Rename the recipe, or cancel that job."
            )


def advance(root: Path, at_once: int) -> list[Popen[bytes]]:
    """Write down who has died, and start queued jobs of this machine while there is room, the oldest first.

    Returns
    -------
    list of Popen
        The processes that were started.
    """
    started = []
    with locked(root):
        records = [(folder, true_record(folder)) for folder in job_folders(root)]
        mine = [(folder, record) for folder, record in records if record.host == this_host()]
        for folder, record in mine:
            if has_died(folder, record):
                folder.write_record(record)
        room = at_once - sum(record.state == "running" for _, record in mine)
        queued = sorted((r.queued, f.path, r) for f, r in mine if r.state == "queued")
        for _, path, record in queued[: max(0, room)]:
            started += _start(JobFolder(path), replace(record, at_once=at_once))
    return started


def _start(folder: JobFolder, record: Record) -> list[Popen[bytes]]:
    """Start a queued job; where that fails the job has failed, not the queue."""
    record = replace(record, state="running", message="", started=time.time(), ended=0.0, pid=0, created=0.0)
    try:
        folder.write_wish("run")
        folder.write_record(record)  # before the process: a full disk stops here
        process = launch(folder, folder.spec().threads or spare_threads(), record.cwd)
    except NucleusError as error:
        folder.write_record(replace(record, state="failed", message=str(error), ended=time.time()))
        return []
    with suppress(NucleusError):  # the process writes it as well
        folder.write_record(replace(record, pid=process.pid, created=creation(process.pid)))
    return [process]
