"""The process of a job: ``python -m napari_nucleus.jobs.child FOLDER``."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
import traceback
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from napari_nucleus.core import NucleusError
from napari_nucleus.jobs.autopsy import explain
from napari_nucleus.jobs.folder import JobFolder, locked
from napari_nucleus.jobs.pace import Pace
from napari_nucleus.jobs.process import be_polite, creation, is_alive
from napari_nucleus.jobs.record import Record, obeyed
from napari_nucleus.jobs.spec import run_job
from napari_nucleus.jobs.truth import advance

_LOOK_EVERY_S = 1.0


class Child:
    """Does one job, obeys wishes, and writes down how it ended.

    Parameters
    ----------
    folder : JobFolder
    """

    def __init__(self, folder: JobFolder) -> None:
        self._folder = folder
        self._terminated = Event()
        self._stepping = Event()
        self._ending = Lock()
        self._ended = False

    def run(self) -> None:
        """From the first line of the log to the start of the next job."""
        if not self._claim():
            return
        faulthandler.enable()
        be_polite()
        signal.signal(signal.SIGTERM, lambda *_: self._terminated.set())
        Thread(target=self._watch, daemon=True).start()
        # "\f" parts the starts of a job from each other.
        print(f"\f{time.strftime('%Y-%m-%d %H:%M:%S')} process {os.getpid()}", flush=True)
        try:
            end = self._work()
        except Exception as error:
            if not isinstance(error, NucleusError):
                traceback.print_exc()
            end = {"state": "failed", "message": explain(error)}
        self._end(end)

    def _claim(self) -> bool:
        """Put this process on record; False where another does the job already."""
        with locked(self._folder.path.parent):
            record = self._folder.record()
            if record.pid not in (0, os.getpid(), os.getppid()) and is_alive(self._folder, record):
                return False
            own = replace(record, state="running", pid=os.getpid(), created=creation(os.getpid()))
            self._folder.write_record(own)
        return True

    def _work(self) -> dict[str, Any]:
        """Do the job; what changes in the record, nothing where somebody's wish ended it."""
        spec = self._folder.spec()
        begun = self._folder.progress() is not None
        order = replace(spec, recipe=str(self._folder.recipe), resume=spec.resume or begun)
        pace, model = Pace(self._folder), ""
        with closing(run_job(order)) as steps:  # closed before its end, it leaves a checkpoint
            for progress in steps:
                if "model" in progress.values:
                    model = progress.values["model"]
                    continue
                pace.step(progress)
                if progress.values:
                    self._stepping.set()
                if self._is_to_stop():
                    break
            else:
                pace.last()
                return {
                    "state": "done",
                    "message": f"published as {model}" if model else "",
                    "model": model,
                }
        pace.last()
        return self._stopped(f" at {progress.done} of {progress.total}, with a checkpoint")

    def _is_to_stop(self) -> bool:
        return self._terminated.is_set() or self._folder.wish() != "run"

    def _stopped(self, where: str = "") -> dict[str, Any]:
        if self._folder.wish() != "run" or not self._terminated.is_set():
            return {}
        return {"state": "failed", "message": f"The system ended it{where}. Resume it."}

    def _watch(self) -> None:
        """Beat for those who can't see this process; before the first step stop at once, nothing being lost."""
        while True:
            with suppress(OSError):
                self._folder.beat.touch()
            if not self._stepping.is_set() and self._is_to_stop():
                self._end(self._stopped())
                os._exit(0)
            time.sleep(_LOOK_EVERY_S)

    def _end(self, end: dict[str, Any]) -> None:
        """Write the end down, and start the next job."""
        with self._ending:
            if self._ended:
                return
            self._ended = True
            with locked(self._folder.path.parent):
                record = self._folder.record()
                now = time.time()
                ended: Record = replace(record, ended=now, **end) if end else obeyed(record, self._folder.wish(), now)
                self._folder.write_record(ended)
            with suppress(OSError):  # a full disk ends the log, not the queue
                print(ended.state, ended.message, flush=True)
            advance(self._folder.path.parent, record.at_once)


if __name__ == "__main__":
    Child(JobFolder(Path(sys.argv[1]))).run()
