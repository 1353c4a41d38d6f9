"""Edits of where nuclei are. What is drawn never takes pixels from another nucleus."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.correct import geometry
from napari_nucleus.app.correct.boxes import around, painted, placed, window
from napari_nucleus.app.correct.memory import ImageMemory
from napari_nucleus.app.correct.redrawing import redrawn
from napari_nucleus.core import NucleusError
from napari_nucleus.project import Edit, Provenance, ReviewState, Row
from napari_nucleus.project.chunks import Box

NewLabel = Callable[[], int]
Mask = NDArray[np.bool_]
_MARGIN = 12  # px around a nucleus that it may be smoothed into


def deleted(image: int, memory: ImageMemory, ids: Sequence[int]) -> Edit:
    """Nuclei gone, background in their place."""
    box, now = _around(memory, ids)
    return redrawn(image, memory, "delete", box, np.where(np.isin(now, ids), 0, now))


def drawn(image: int, memory: ImageMemory, box: Box, pixels: Mask, kind: int, new_label: NewLabel) -> Edit:
    """A new nucleus of a class, where there is background."""
    box, part = _free_part(memory, box, pixels)
    return _with(image, memory, "draw", box, part, new_row(new_label(), kind))


def added(image: int, memory: ImageMemory, box: Box, pixels: Mask, row: Row) -> Edit:
    """A new nucleus that was proposed."""
    box, part = _free_part(memory, box, pixels)
    return _with(image, memory, "add", box, part, row)


def new_row(label: int, kind: int, probabilities: tuple[float, ...] | None = None) -> Row:
    """A nucleus that a person has added; where it is, is measured."""
    said = str(Provenance.HUMAN), str(ReviewState.ACCEPTED)
    return Row(label, 0.0, 0.0, 0, kind, *said, probabilities=probabilities)


def extended(image: int, memory: ImageMemory, label: int, box: Box, pixels: Mask) -> Edit:
    """A nucleus with more pixels: background that was painted and hangs together with it."""
    box, pixels = painted(box, pixels, memory.labels.shape)
    whole, now = _around(memory, [label], box)
    mine = now == label
    grown = mine | (placed(pixels, box, whole) & (now == 0))
    kept = mine | np.any([part for part in geometry.pieces(grown) if (part & mine).any()], axis=0)
    if (kept == mine).all():
        raise NucleusError("Expected background beside the nucleus, got none. Begin the stroke within the nucleus.")
    return redrawn(image, memory, "extend", whole, np.where(kept, label, now))


def erased(image: int, memory: ImageMemory, box: Box, pixels: Mask, new_label: NewLabel) -> Edit:
    """Nuclei without what was painted. What falls into pieces becomes several; specks go."""
    box, pixels = painted(box, pixels, memory.labels.shape)
    ids = np.unique(memory.labels[window(box)][pixels])
    ids = ids[ids > 0].tolist()
    if not ids:
        raise NucleusError("Expected a nucleus to erase from, got background. Paint over one.")
    whole, now = _around(memory, ids, box)
    gone = placed(pixels, box, whole)
    after, born = now.copy(), {}
    for label in ids:
        after[now == label] = 0
        for i, part in enumerate(geometry.pieces((now == label) & ~gone)):
            if part.sum() >= geometry.SPECK_PX:
                own = new_label() if i else label
                after[part] = own
                born[own] = memory.table[label]._replace(label=own)
    return redrawn(image, memory, "erase", whole, after, born)


def merged(image: int, memory: ImageMemory, ids: Sequence[int]) -> Edit:
    """Several as one: the label and class of the largest, the probabilities of all by their area."""
    if len(ids) < 2:
        raise NucleusError("Expected two nuclei or more, got one. Choose its neighbour, too.")
    box, now = _around(memory, ids, margin=_MARGIN)
    rows = sorted((memory.table[label] for label in ids), key=lambda row: (-row.area, row.label))
    whole = geometry.joined([now == label for label in ids], now == 0)
    row = rows[0]._replace(probabilities=_shared(rows), features=None)
    return redrawn(image, memory, "merge", box, np.where(whole, row.label, now), {row.label: row})


def split(
    image: int, memory: ImageMemory, label: int, new_label: NewLabel, line: NDArray[np.float64] | None = None
) -> Edit:
    """One as several, along a line (N, 2) of y, x, or at its waist; the largest keeps the label."""
    box, now = _around(memory, [label])
    mask = now == label
    parts = geometry.parted_at_waist(mask) if line is None else geometry.cut(mask, line - np.array(box[:2]))
    after, born = now.copy(), {}
    for i, part in enumerate(parts):
        own = new_label() if i else label
        after[part] = own
        born[own] = memory.table[label]._replace(label=own, features=None)
    return redrawn(image, memory, "split", box, after, born)


def filled(image: int, memory: ImageMemory, ids: Sequence[int]) -> Edit:
    """Nuclei without holes."""
    return _each(image, memory, "fill holes", ids, geometry.filled)


def smoothed(image: int, memory: ImageMemory, ids: Sequence[int]) -> Edit:
    """Nuclei with a smoother rim."""
    return _each(image, memory, "smooth", ids, geometry.smoothed)


def _free_part(memory: ImageMemory, box: Box, pixels: Mask) -> tuple[Box, Mask]:
    """The largest piece of what was painted on background."""
    box, pixels = painted(box, pixels, memory.labels.shape)
    found = geometry.pieces(pixels & (memory.labels[window(box)] == 0))
    if not found:
        raise NucleusError("Expected background to draw a nucleus on, got nuclei. Extend them, or delete them first.")
    return box, found[0]


def _with(image: int, memory: ImageMemory, action: str, box: Box, part: Mask, row: Row) -> Edit:
    after = np.where(part, row.label, memory.labels[window(box)]).astype(np.int32)
    return redrawn(image, memory, action, box, after, {row.label: row})


def _each(
    image: int, memory: ImageMemory, action: str, ids: Sequence[int], shape: Callable[[Mask, Mask], Mask]
) -> Edit:
    """Nuclei in other shapes, one after the other."""
    box, now = _around(memory, ids, margin=_MARGIN)
    after = now.copy()
    for label in ids:
        own = around([memory.table.box(label)], _MARGIN, memory.labels.shape)
        part = after[own[0] - box[0] : own[2] - box[0], own[1] - box[1] : own[3] - box[1]]
        mine = part == label
        part[mine] = 0
        part[shape(mine, part == 0)] = label
    return redrawn(image, memory, action, box, after)


def _around(
    memory: ImageMemory, ids: Sequence[int], box: Box | None = None, margin: int = 0
) -> tuple[Box, NDArray[np.int32]]:
    """The box around nuclei, and a copy of the labels in it."""
    boxes = [memory.table.box(label) for label in ids] + ([] if box is None else [box])
    whole = around(boxes, margin, memory.labels.shape)
    return whole, memory.labels[window(whole)].copy()


def _shared(rows: Sequence[Row]) -> tuple[float, ...] | None:
    """Probabilities of several nuclei together; None where they aren't known of each."""
    known = [row.probabilities for row in rows]
    if any(one is None or len(one) != len(known[0] or ()) for one in known):
        return None
    area = np.array([row.area for row in rows], np.float64)
    mean = (area[:, None] * np.array(known, np.float64)).sum(0) / area.sum()
    return tuple(mean.astype(np.float32).tolist())
