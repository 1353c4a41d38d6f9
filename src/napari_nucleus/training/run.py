"""A run's folder: its files, and that one process at a time trains in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from napari_nucleus.core import NucleusError
from napari_nucleus.models.card import ModelCard


@dataclass(frozen=True, slots=True)
class Run:
    """A finished training run.

    Attributes
    ----------
    folder : Path
        With ``recipe.json``, ``environment.json``, ``log.csv``, ``tensorboard``, ``last.pt``, ``model.safetensors``,
        ``model.json`` and, where something is held out, ``preview.npz``.
    weights : Path
        The averaged weights: the best ones where something is held out, else the last ones.
    card : ModelCard
        Of the model that they are.
    """

    folder: Path
    weights: Path
    card: ModelCard


def check_new(folder: Path, *, resume: bool) -> None:
    """Refuse to write over a run.

    Raises
    ------
    NucleusError
        The folder holds a run that isn't to be resumed.
    """
    if (folder / "last.pt").exists() and not resume:
        raise NucleusError(f"Expected a new run, got the existing {folder}. Resume it, or rename the recipe.")


@contextmanager
def training_in(folder: Path) -> Iterator[None]:
    """Keep other processes out of a run's folder; the system lets go of it if this one is killed.

    Raises
    ------
    NucleusError
        Another process trains in it, or it can't be made.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A run may go on in another thread than it began in.
        lock = FileLock(folder / ".lock", timeout=0, thread_local=False)
        lock.acquire()
    except Timeout:
        raise NucleusError(
            f"Expected a run of its own, got {folder}, where another process trains. Wait for it, or rename the recipe."
        ) from None
    except OSError as error:
        raise NucleusError(f"Expected a folder to write a run into, got {folder}: {error.strerror}.") from None
    try:
        yield
    finally:
        lock.release()
