"""Compiled loops, kept between runs of the program where there is a place to keep them."""

from __future__ import annotations

from collections.abc import Callable

from numba import njit


def compiled(function: Callable) -> Callable:
    """Compile a function on its first use; where no folder can be written to, each process does so anew."""
    try:
        kept: Callable = njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba has no place for its cache
        kept = njit(nogil=True)(function)
    return kept
