"""What a teacher answered, kept on disk in half precision so that no image is asked about twice."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.io.files import replacing

_BYTES = 2  # of a number in half precision
_SPARE = 64e6  # bytes that are left for checkpoints and logs
_STALE_S = 86_400


class AnswerCache:
    """Arrays by key, one ``.npy`` each, in a folder that any number of runs share.

    A file gets its name when all of it has reached the disk, so that a killed run leaves none that is half written;
    one that is broken all the same is made again.

    Parameters
    ----------
    folder : Path
        Made when the first array is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for left in folder.glob(".*.npy"):  # by runs that were killed while they wrote
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE_S:
                    left.unlink()

    def find(self, key: str, shape: tuple[int, ...]) -> NDArray[np.float16] | None:
        """The array of a key, read from the disk where it is looked at; None where there is none of this shape."""
        try:
            array = np.load(self._file(key), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):  # not there, or broken
            return None
        return array if array.shape == shape and array.dtype == np.float16 else None

    def get(self, key: str, shape: tuple[int, ...], make: Callable[[], NDArray[np.floating]]) -> NDArray[np.float16]:
        """The array of a key; made and written first where it is missing.

        Raises
        ------
        NucleusError
            The folder can't be written, or the disk is full.
        """
        found = self.find(key, shape)
        if found is not None:
            return found
        content = io.BytesIO()  # numpy's own way to a file doesn't tell why it failed
        np.save(content, np.ascontiguousarray(make(), np.float16), allow_pickle=False)
        with replacing(self._file(key)) as part:
            self.folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
        written: NDArray[np.float16] = np.load(self._file(key), mmap_mode="r", allow_pickle=False)
        return written

    def check_room(self, missing: Iterable[tuple[int, ...]]) -> None:
        """Refuse to begin what the disk has no room for.

        Parameters
        ----------
        missing : iterable of shapes
            Of the arrays that are still to be written.

        Raises
        ------
        NucleusError
            Says how much is needed and how much is free.
        """
        place = next(p for p in (self.folder, *self.folder.absolute().parents) if p.exists())
        needed, free = _BYTES * sum(int(np.prod(shape)) for shape in missing), shutil.disk_usage(place).free
        if needed and needed + _SPARE > free:
            raise NucleusError(
                f"Expected room for {needed / 1e6:,.0f} MB of the teacher's answers in {self.folder}, got "
                f"{free / 1e6:,.0f} MB. Free some space, or delete the answers of other teachers there."
            )

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.npy"


def digest(*parts: bytes | str) -> str:
    """A name for content: the same for the same parts in the same order, and for nothing else."""
    total = hashlib.sha256()
    for part in parts:
        whole = part.encode() if isinstance(part, str) else part
        total.update(len(whole).to_bytes(8, "little"))
        total.update(whole)
    return total.hexdigest()[:32]
