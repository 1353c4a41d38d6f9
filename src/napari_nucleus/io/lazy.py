"""A level of a slide that is read by slicing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Window = Callable[[int, int, int, int], NDArray[np.uint8]]


class LazyLevel:
    """An RGB image (H, W, 3) that is read from its file when it is sliced.

    Takes whole numbers and slices, as numpy does; only the window that they span is read. Wrap it with
    ``dask.array.from_array`` where an array must do arithmetic.

    Parameters
    ----------
    height, width : int
        Pixels of this level.
    read : callable
        ``read(y, x, height, width) -> (height, width, 3) uint8``, always inside the level; called from any thread.
    chunks : (int, int, int)
        Window that is cheap to read, for dask.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, height: int, width: int, read: Window, chunks: tuple[int, int, int] = (1024, 1024, 3)) -> None:
        self.shape = (height, width, 3)
        self.chunks = chunks
        self._read = read

    def __getitem__(self, key: Any) -> Any:
        rows, columns, *rest = _three(key)
        row_start, row_stop, inner_rows = _span(rows, self.shape[0])
        column_start, column_stop, inner_columns = _span(columns, self.shape[1])
        size = max(row_stop - row_start, 0), max(column_stop - column_start, 0)
        window = self._read(row_start, column_start, *size) if all(size) else np.empty((*size, 3), np.uint8)
        return window[(inner_rows, inner_columns, *rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        return np.asarray(self[:], dtype=dtype)


def _three(key: Any) -> tuple[Any, Any, Any]:
    """The key as one entry an axis."""
    entries = list(key) if isinstance(key, tuple) else [key]
    if Ellipsis in entries:
        at = entries.index(Ellipsis)
        entries[at : at + 1] = [slice(None)] * (4 - len(entries))
    entries += [slice(None)] * (3 - len(entries))
    rows, columns, channels = entries
    return rows, columns, channels


def _span(index: Any, length: int) -> tuple[int, int, Any]:
    """First and last pixel + 1 of what an index reads, and the index within that window."""
    if isinstance(index, slice):
        start, stop, step = index.indices(length)
        if step < 0:
            raise IndexError("Expected a step above 0, got a negative one.")
        return start, max(start, stop), slice(None, None, step)
    index = int(index) + (length if index < 0 else 0)
    if not 0 <= index < length:
        raise IndexError(f"Expected an index below {length}, got {index}.")
    return index, index + 1, 0
