"""Why a job failed, in one line for a person."""

from __future__ import annotations

import errno
import re
import shutil

import psutil

from napari_nucleus.core import NucleusError
from napari_nucleus.jobs.folder import JobFolder
from napari_nucleus.jobs.process import this_host
from napari_nucleus.jobs.record import Record

_OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory|MemoryError|bad_alloc|cannot allocate", re.IGNORECASE)
# PyTorch's own file writer doesn't say why it couldn't write.
_DISK_FULL = re.compile(r"No space left|Disk quota|PytorchStreamWriter failed|inline_container", re.IGNORECASE)
_ERROR_LINE = re.compile(r"^(Fatal Python error|[\w.]*(Error|Exception|Interrupt)\b)")
# Of dumps and tracebacks, what tells a user nothing.
_NOISE = re.compile(r'^(Extension modules:|Current thread|Thread 0x|File ")')
_NO_MEMORY = "Expected more free memory, got none left. Lower batch or crop or close other programs, and resume."
_NO_ROOM = "Expected room on the disk, got none left. Free some, and resume."
_TAIL_BYTES = 16_384
_TAIL_LINES = 3


def explain(error: BaseException) -> str:
    """What went wrong, and what to do."""
    text = " ".join(str(error).split())
    if isinstance(error, NucleusError):
        return text
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(text)):
        return _NO_MEMORY
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or _DISK_FULL.search(text):
        return _NO_ROOM
    if isinstance(error, OSError) and error.filename:
        return f"Expected files and folders to stay as they were, got: {error.strerror}: {error.filename}."
    return f"{type(error).__name__}: {text[:300]}. The log has more."


def autopsy(folder: JobFolder, record: Record) -> str:
    """What ended a process that left no word: from the log, the clock and the disk."""
    found = folder.progress()
    where = f" while {found[0].message} ({found[0].done} of {found[0].total})" if found else ""
    lines = _last_lines(folder)
    error = next((line for line in reversed(lines) if _ERROR_LINE.match(line)), "")
    if _OUT_OF_MEMORY.search(error):
        why = "memory ran out"
    elif _DISK_FULL.search(error) or shutil.disk_usage(folder.path).free < 2**20:
        why = "the disk is full"
    elif error:
        why = error
    elif record.host != this_host():
        why = f"{record.host} hasn't been heard of for a minute"
    elif psutil.boot_time() > record.started:
        why = "the computer was restarted"
    else:
        why = "killed, by the system for want of memory or by somebody"
    last = [line for line in lines if not _NOISE.match(line)][-_TAIL_LINES:]
    tail = f" Last lines of the log: {' | '.join(last)}" if last else ""
    return f"Its process ended{where}: {why}. Resume it: it goes on from its last checkpoint.{tail}"


def _last_lines(folder: JobFolder) -> list[str]:
    """Of the newest start."""
    try:
        with folder.log.open("rb") as log:
            log.seek(max(0, log.seek(0, 2) - _TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except OSError:
        return []
    newest = text.rpartition("\f")[2]
    return [" ".join(line.split())[:200] for line in newest.splitlines() if line.strip()]
