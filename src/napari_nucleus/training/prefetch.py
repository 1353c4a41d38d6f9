"""Batches made while the network learns from an earlier one, in the order of the steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor

from torch.utils.data import DataLoader, Dataset

from napari_nucleus.core import NucleusError
from napari_nucleus.training.task import Batch

_AHEAD = 2


def batches(make: Callable[[int], Batch], first: int, last: int, workers: int) -> Generator[Batch, None, None]:
    """The batches of steps ``first`` to ``last`` - 1.

    Parameters
    ----------
    make : callable
        Step to batch; what it draws depends on the step alone, so that it doesn't matter who calls it.
    workers : int
        Processes that make them; 0 is one thread of this process.
    """
    return _from_processes(make, first, last, workers) if workers else _from_thread(make, first, last)


def _from_thread(make: Callable[[int], Batch], first: int, last: int) -> Generator[Batch, None, None]:
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as thread:
        waiting: deque[Future[Batch]] = deque(thread.submit(make, s) for s in range(first, min(first + _AHEAD, last)))
        try:
            for step in range(first + _AHEAD, last + _AHEAD):
                batch = waiting.popleft().result()
                if step < last:
                    waiting.append(thread.submit(make, step))
                yield batch
        finally:
            for future in waiting:
                future.cancel()


class _Steps(Dataset):
    """What a `DataLoader` reads; an error of the user's comes back as it is, not as a worker's traceback."""

    def __init__(self, make: Callable[[int], Batch], first: int, last: int) -> None:
        self._make, self._first, self._last = make, first, last

    def __len__(self) -> int:
        return self._last - self._first

    def __getitem__(self, index: int) -> Batch | NucleusError:
        try:
            return self._make(self._first + index)
        except NucleusError as error:
            return error


def _from_processes(make: Callable[[int], Batch], first: int, last: int, workers: int) -> Generator[Batch, None, None]:
    loader = DataLoader(_Steps(make, first, last), batch_size=None, num_workers=workers, prefetch_factor=_AHEAD)
    for batch in loader:
        if isinstance(batch, NucleusError):
            raise batch
        yield batch
