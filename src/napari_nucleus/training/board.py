"""A run's curves in the format of TensorBoard, written as they come: no thread of its own could hide a full disk."""

from __future__ import annotations

import platform
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


class Board:
    """A file of events for each start of a run.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    first : int
        Steps that are done. Events of later steps, from before the run was resumed, are forgotten.
    """

    def __init__(self, folder: Path, first: int) -> None:
        folder.mkdir(exist_ok=True)
        if first == 0:
            for former in folder.glob("events.*"):
                former.unlink()
        name = f"events.out.tfevents.{time.time_ns()}.{platform.node()}"
        self._file = (folder / name).open("wb", buffering=0)
        self._writer = RecordWriter(self._file)
        self._add(Event(file_version="brain.Event:2"))
        if first:
            self._add(Event(step=first + 1, session_log=SessionLog(status=SessionLog.START)))

    def write(self, step: int, values: dict[str, float]) -> None:
        """Add a step; scores of validation form a group of their own."""
        tags = {
            f"validation/{name.removeprefix('val_')}" if name.startswith("val_") else f"training/{name}": value
            for name, value in values.items()
        }
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in tags.items()])
        self._add(Event(step=step, summary=summary))

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def _add(self, event: Event) -> None:
        event.wall_time = time.time()
        self._writer.write(event.SerializeToString())
