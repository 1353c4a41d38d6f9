"""From what was drawn to an edit: pixels, and the rows that go with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.correct.boxes import window
from napari_nucleus.app.correct.memory import ImageMemory
from napari_nucleus.core import NucleusError
from napari_nucleus.project import Edit, Provenance, Row
from napari_nucleus.project.chunks import Box


def redrawn(
    image: int,
    memory: ImageMemory,
    action: str,
    box: Box,
    after: NDArray[np.int32],
    born: Mapping[int, Row] | None = None,
) -> Edit:
    """The edit that brings labels in a box to what they are to be.

    Parameters
    ----------
    image : int
    memory : ImageMemory
    action : str
    box : (y0, x0, y1, x1)
        Every nucleus that changes lies in it as a whole, before and after.
    after : (height, width) int32
    born : mapping, optional
        Rows of nuclei by label, in place of those that are there; their place and area don't matter.

    Raises
    ------
    NucleusError
        Nothing would change.
    """
    before = memory.labels[window(box)].copy()
    changed = before != after
    if not changed.any():
        raise NucleusError(f"Expected something to {action}, got nothing that would change. Choose another nucleus.")
    touched = np.union1d(before[changed], after[changed]).tolist()
    known = {**{label: memory.table[label] for label in touched if label in memory.table}, **(born or {})}
    rows_before = tuple(memory.table[label] for label in touched if label in memory.table)
    ids = [label for label in touched if label]
    return Edit(image, action, rows_before, measured(after, ids, known, box[:2]), box, before, after)


def measured(
    labels: NDArray[np.int32], ids: Sequence[int], known: Mapping[int, Row], corner: tuple[int, int]
) -> tuple[Row, ...]:
    """Rows of those nuclei that are there, where they are now; a person has drawn them."""
    wanted = np.array(sorted(ids), np.int32)
    y, x = np.nonzero(np.isin(labels, wanted))
    owner = np.searchsorted(wanted, labels[y, x])
    area = np.bincount(owner, minlength=len(wanted))
    there = np.flatnonzero(area)
    centre_y, centre_x = (
        np.bincount(owner, values + first)[there] / area[there] for values, first in zip((y, x), corner, strict=True)
    )
    found = zip(wanted[there].tolist(), centre_y.tolist(), centre_x.tolist(), area[there].tolist(), strict=True)
    return tuple(
        known[label]._replace(label=label, y=cy, x=cx, area=size, source=str(Provenance.HUMAN))
        for label, cy, cx, size in found
    )
