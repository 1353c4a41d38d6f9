"""Files that appear whole or not at all, also when the power goes or the disk is full."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from napari_nucleus.core import NucleusError


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write in place of ``path``; it takes its place when the block ends, and vanishes if that fails.

    Raises
    ------
    NucleusError
        The disk is full, or the folder can't be written; ``path`` is as it was.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise no_room(path, error) from None
        raise


def no_room(path: Path, error: OSError) -> NucleusError:
    """What a user is told when a run's file can't be written."""
    return NucleusError(
        f"Expected room and the right to write {path}, got: {error.strerror or error}. Make room and resume the run; "
        "its last checkpoint is whole."
    )


def _sync_folder(folder: Path) -> None:
    """Make a renaming last; Windows has no such call and needs none."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
