"""The most memory that a computation's tensors take together."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class PeakMemory(TorchDispatchMode):
    """Within it, counts the bytes of all tensors that are made and not yet gone, on whatever device.

    It counts alike on every machine, beside whatever else runs; the scratch space of single operations, which depends
    on the processor, is left out.

    Attributes
    ----------
    bytes : int
        The most that were alive at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self._now = 0
        self._alive: dict[int, weakref.ref] = {}

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        place, size = storage._cdata, storage.nbytes()
        if place in self._alive:  # a view
            return

        def gone(_: Any) -> None:
            self._now -= size
            del self._alive[place]

        self._alive[place] = weakref.ref(storage, gone)
        self._now += size
        self.bytes = max(self.bytes, self._now)
