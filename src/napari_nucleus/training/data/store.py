"""Training images, read when they are asked for and kept as long as memory is left."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.training.data.image import TrainingImage
from napari_nucleus.training.dense_targets import dense_targets

MorePlanes = Callable[[TrainingImage], dict[str, NDArray[np.float16]]]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One image that can be read.

    Attributes
    ----------
    name : str
    read : callable
        To the image without its targets.
    source : int
        Number of the source that it comes from.
    share : float
        Of that source.
    size : (int, int)
        Height and width in pixels.
    nuclei : (N, 3) int32
        `TrainingImage.nuclei`.
    """

    name: str
    read: Callable[[], TrainingImage]
    source: int
    share: float
    size: tuple[int, int]
    nuclei: NDArray[np.int32]


class Memory:
    """The images that are kept; the one that wasn't asked for longest makes room.

    Two threads that ask for the same image at once may both read it, and nothing worse.

    Parameters
    ----------
    bytes_ : float
    """

    def __init__(self, bytes_: float) -> None:
        self._left = bytes_
        self._kept: OrderedDict[Entry, tuple[TrainingImage, int]] = OrderedDict()

    def get(self, entry: Entry) -> TrainingImage | None:
        """The image of an entry; None where it isn't kept."""
        found = self._kept.get(entry)
        if found is None:
            return None
        self._kept[entry] = found  # in place, should another thread have dropped it
        self._kept.move_to_end(entry)
        return found[0]

    def put(self, entry: Entry, image: TrainingImage, size: int, *, make_room: bool) -> None:
        """Keep an image, if it fits, or if others may make room for it."""
        while make_room and self._left < size and self._kept:
            self._left += self._kept.popitem(last=False)[1][1]
        if self._left >= size and entry not in self._kept:
            self._kept[entry] = image, size
            self._left -= size


class Images(Sequence[TrainingImage]):
    """Images of one side of the split, with their targets, which are made once.

    Attributes
    ----------
    entries : list of Entry
        What is known of each without reading it.

    Parameters
    ----------
    targets : sequence of str
        Dense targets to make.
    memory : Memory
        May be shared.
    """

    def __init__(self, targets: Sequence[str], memory: Memory) -> None:
        self.entries: list[Entry] = []
        self._targets, self._memory = tuple(targets), memory
        self._more: list[MorePlanes] = []

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, i: int) -> TrainingImage:  # type: ignore[override]
        entry = self.entries[i]
        image = self._memory.get(entry)
        if image is None:
            image = entry.read()
            self._memory.put(entry, image, self._size(image), make_room=True)
        if not image.targets:
            image.targets.update(self._made(image))
        return image

    def add(self, entry: Entry, image: TrainingImage) -> None:
        """Add an image, which is kept if there is room without others leaving."""
        self.entries.append(entry)
        self._memory.put(entry, image, self._size(image), make_room=False)

    def add_planes(self, more: MorePlanes) -> None:
        """Have further planes (H, W, C) made of each image; `DENSE_TARGETS` says by their name how they are turned."""
        self._more.append(more)

    def _size(self, image: TrainingImage) -> int:
        return image.size_in_memory(2 * len(self._targets))

    def _made(self, image: TrainingImage) -> dict[str, NDArray[np.float16]]:
        # In half precision they take half the memory; channels last, as they are cut, resized and turned.
        made = dense_targets(image.labels, self._targets)
        planes = {name: np.moveaxis(target, 0, -1).astype(np.float16) for name, target in made.items()}
        for more in self._more:
            planes |= more(image)
        return planes
