"""Re-training in a thread: the newest corrections win, and nobody waits."""

from __future__ import annotations

from threading import Lock, Thread

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_nucleus.app.review.learner import Learned, Learner

Lesson = tuple[NDArray[np.int64], NDArray[np.int64]]


class BackgroundLearner:
    """Teaches a learner in a thread of its own, one lesson at a time; of those that wait only the newest is taken.

    Parameters
    ----------
    learner : Learner

    Signals
    -------
    learned(Learned)
        Emitted in that thread: views connect with ``thread="main"``.
    failed(str)
        What went wrong, in one line; likewise.
    """

    learned = Signal(Learned)
    failed = Signal(str)

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._lock = Lock()
        self._waiting: Lesson | None = None
        self._thread: Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being learnt."""
        return self._thread is not None

    def ask(self, rows: NDArray[np.integer], classes: NDArray[np.integer]) -> None:
        """Learn from corrections as they are now, as soon as the former lesson is over; see `Learner.fit`."""
        with self._lock:
            self._waiting = np.array(rows, np.int64), np.array(classes, np.int64)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="review learner", daemon=True)
                self._thread.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is being learnt, for scripts; whether that is so."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return not self.busy

    def close(self) -> None:
        """Forget what waits and tell nobody any more; what runs comes to its end unheard."""
        with self._lock:
            self._waiting = None
        self.learned.disconnect()
        self.failed.disconnect()

    def _work(self) -> None:
        while (lesson := self._next()) is not None:
            try:
                self.learned.emit(self._learner.fit(*lesson))
            except MemoryError:
                self.failed.emit("Expected memory to learn, got none. Close images.")
            except Exception as error:  # a thread has nobody to raise to
                self.failed.emit(" ".join(str(error).split()) or type(error).__name__)

    def _next(self) -> Lesson | None:
        """The lesson that waits; without one the thread ends."""
        with self._lock:
            lesson, self._waiting = self._waiting, None
            if lesson is None:
                self._thread = None
            return lesson
