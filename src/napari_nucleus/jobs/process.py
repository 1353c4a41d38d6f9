"""Processes of jobs: started apart from this one, recognised again, polite to the window."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import psutil

from napari_nucleus.core import NucleusError
from napari_nucleus.jobs.folder import JobFolder
from napari_nucleus.jobs.record import Record

_MODULE = "napari_nucleus.jobs.child"
_THREADS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM")
_STARTING_S = 60.0
_BEATS_S = 60.0
_SAME_S = 2.0
_NICE = 10


def this_host() -> str:
    """The machine's name: jobs folders may lie on a network drive."""
    return platform.node()


def spare_threads() -> int:
    """Threads of a background job: one core stays with the window."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed) - 1)


def launch(folder: JobFolder, threads: int, cwd: str) -> subprocess.Popen[bytes]:
    """Start a job's process in a session of its own, so that it outlives this one.

    Raises
    ------
    NucleusError
        The system starts no process, or the log can't be written.
    """
    # Numbers of threads are read while the libraries load.
    environment = os.environ | {f"{library}_NUM_THREADS": str(threads) for library in _THREADS}
    environment["PYTHONUTF8"] = "1"
    # -P: no file of the working folder passes for a module.
    command = [sys.executable, "-P", "-u", "-m", _MODULE, str(folder.path)]
    try:
        with folder.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=cwd if Path(cwd).is_dir() else None,
                **_detached(),
            )
    except OSError as error:
        raise NucleusError(f"Expected to start a process, got: {error}. Free memory or disk, and resume.") from None


def _detached() -> dict:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def be_polite() -> None:
    """Let the window go first."""
    process = psutil.Process()
    if sys.platform == "win32":
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    elif process.nice() < _NICE:
        process.nice(_NICE)


def creation(pid: int) -> float:
    """When a process began, in seconds since 1970; 0 where there is none of that number."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0


def is_alive(folder: JobFolder, record: Record) -> bool:
    """Whether the process of a record is there; a number that was given anew doesn't pass for it."""
    if record.host != this_host():
        return _age(folder.beat) < _BEATS_S  # its processes can't be seen from here
    if not record.pid:
        return time.time() - record.started < _STARTING_S
    try:
        process = psutil.Process(record.pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return False
        # Where the clock has been put right meanwhile, times differ, and the command still tells.
        return abs(process.create_time() - record.created) < _SAME_S or _is_of(folder, process.cmdline())
    except psutil.Error:
        return False


def _is_of(folder: JobFolder, command: list[str]) -> bool:
    return _MODULE in command and Path(command[-1]).resolve() == folder.path.resolve()


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")
