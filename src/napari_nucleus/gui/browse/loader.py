"""Thumbnails read in threads, those that were asked for last first."""

from __future__ import annotations

from threading import Lock

from qtpy.QtCore import QObject, QRunnable, QThreadPool, Signal

from napari_nucleus.core import NucleusError
from napari_nucleus.io import PatchSet

THUMBNAIL_PX = 96
_THREADS = 2
_MOST_WAITING = 200  # more than a screen shows: what was scrolled past long ago is asked for again when it comes back


class ThumbnailLoader(QObject):
    """Reads thumbnails of one set of patches.

    ``loaded`` brings the set, the position and the picture, (96, 96, 3) uint8, or None where it can't be read.
    """

    loaded = Signal(object, int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(_THREADS)
        self._lock = Lock()
        self._waiting: dict[int, None] = {}
        self._patches: PatchSet | None = None
        self._busy = 0

    def open(self, patches: PatchSet | None) -> None:
        """Read from another set; what still waits is dropped."""
        with self._lock:
            self._patches = patches
            self._waiting.clear()

    def ask(self, index: int) -> None:
        """Ask for a thumbnail."""
        with self._lock:
            self._waiting.pop(index, None)
            self._waiting[index] = None
            if len(self._waiting) > _MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]
            start = self._busy < _THREADS
            self._busy += start
        if start:
            self._pool.start(_Reader(self))

    def close(self) -> None:
        """Drop what waits, and wait for what is being read."""
        self.open(None)
        self._pool.waitForDone()

    def read_next(self) -> bool:
        """Read the thumbnail that was asked for last; False where none waits. Called in a thread."""
        with self._lock:
            patches = self._patches
            if not self._waiting or patches is None:
                self._busy -= 1
                return False
            index, _ = self._waiting.popitem()
        try:
            picture = patches.thumbnail(index, THUMBNAIL_PX)
        except NucleusError:
            picture = None
        self.loaded.emit(patches, index, picture)
        return True


class _Reader(QRunnable):
    def __init__(self, loader: ThumbnailLoader) -> None:
        super().__init__()
        self._loader = loader

    def run(self) -> None:
        while self._loader.read_next():
            pass
