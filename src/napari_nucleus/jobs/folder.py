"""One job's folder: its files, read and written whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.io.files import replacing
from napari_nucleus.jobs.record import Record, Wish
from napari_nucleus.jobs.spec import JobSpec

_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class JobFolder:
    """Where a job is kept.

    ``spec.json`` and ``recipe.toml`` never change; ``state.json`` is written under the queue's lock; ``progress.json``,
    ``beat`` and ``log.txt`` by the job's process alone; ``wish`` by whoever wants something of it.
    """

    path: Path

    @property
    def id(self) -> str:
        """The job's name in the queue."""
        return self.path.name

    @property
    def recipe(self) -> Path:
        """The recipe as it was when the job was submitted."""
        return self.path / "recipe.toml"

    @property
    def log(self) -> Path:
        """What the process printed."""
        return self.path / "log.txt"

    @property
    def beat(self) -> Path:
        """Touched every few seconds by the process."""
        return self.path / "beat"

    def create(self, spec: JobSpec, recipe: str, record: Record) -> None:
        """Write a new job; ``state.json``, which makes it one, comes last.

        Raises
        ------
        NucleusError
            The folder can't be written; nothing is left of it.
        """
        try:
            self.path.mkdir(parents=True)
            _write(self.recipe, recipe)
            _write(self.path / "spec.json", spec.to_json())
            self.write_record(record)
        except OSError as error:
            raise NucleusError(f"Expected room and the right to write {self.path}, got: {error.strerror}.") from None
        except NucleusError:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def spec(self) -> JobSpec:
        """The order."""
        try:
            return JobSpec.from_json((self.path / "spec.json").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise NucleusError(f"Expected an order in {self.path}, got none ({error}). Delete that folder.") from None

    def record(self) -> Record:
        """The record as it is written; see `truth.true_record` for what is true now."""
        try:
            return Record.from_dict(_read(self.path / "state.json"))
        except (ValueError, TypeError, AttributeError) as error:
            return Record("failed", f"Expected a record in {self.path}, got a broken one ({error}). Remove the job.")

    def write_record(self, record: Record) -> None:
        """Replace the record; hold `locked` where a process or another window may do so, too."""
        _write(self.path / "state.json", json.dumps(record.as_dict(), indent=2) + "\n")

    def wish(self) -> Wish:
        """What is asked of the process."""
        try:
            text = (self.path / "wish").read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return "run"
        return "pause" if text == "pause" else "cancel" if text == "cancel" else "run"

    def write_wish(self, wish: Wish) -> None:
        """Ask the process for something; it looks at every step."""
        if wish == "run":
            with suppress(FileNotFoundError):
                (self.path / "wish").unlink()
        else:
            _write(self.path / "wish", wish)

    def progress(self) -> tuple[Progress, float | None] | None:
        """The last progress with the seconds that are left, where that is known; None before the first."""
        try:
            values = _read(self.path / "progress.json")
            left = values.pop("seconds_left", None)
            return Progress(**values), left
        except (OSError, ValueError, TypeError, AttributeError):
            return None

    def write_progress(self, progress: Progress, seconds_left: float | None) -> None:
        """Replace the last progress."""
        values = {"done": progress.done, "total": progress.total, "message": progress.message}
        values |= {"values": progress.values, "seconds_left": seconds_left}
        _write(self.path / "progress.json", json.dumps(values, default=float))

    def stamp(self) -> tuple[int, ...]:
        """Changes when record, progress or wish do."""
        return tuple(_stamp(self.path / name) for name in ("state.json", "progress.json", "wish"))


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the lock of a jobs folder: who holds it may change records and start jobs.

    Raises
    ------
    NucleusError
        The folder can't be written, or somebody holds the lock for too long.
    """
    lock = FileLock(root / "lock")
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_PATIENCE_S)
    except Timeout:
        raise NucleusError(f"Expected the jobs in {root} to be free, got them locked. Try again in a minute.") from None
    except (OSError, NotImplementedError) as error:
        raise NucleusError(
            f"Expected a jobs folder that can be written, got {root} ({error}). Free some room, or name another folder "
            "in NAPARI_NUCLEUS_JOBS."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
