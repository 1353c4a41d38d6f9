"""HoVer surgery: NP painted over, and the watershed run again around it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.correct import geometry
from napari_nucleus.app.correct.boxes import around, painted, placed, window
from napari_nucleus.app.correct.memory import ImageMemory
from napari_nucleus.app.correct.redrawing import redrawn
from napari_nucleus.app.correct.votes import Vote, vote
from napari_nucleus.core import HoverMaps, NucleusError
from napari_nucleus.postprocess import Thresholds, decode_hover
from napari_nucleus.project import Edit, Row
from napari_nucleus.project.chunks import Box

_MARGIN_UM = 6.0  # around what changes: slopes of H and V are measured over less


def operated(
    image: int,
    memory: ImageMemory,
    box: Box,
    pixels: NDArray[np.bool_],
    more: bool,
    maps: HoverMaps,
    born: Callable[[Vote], Row],
    thresholds: Thresholds,
) -> Edit:
    """Nuclei that meet a stroke, as the watershed gives them once the stroke is painted into NP.

    NP is what those nuclei cover, with the stroke or without it; H and V are the maps'. What comes out of a nucleus has
    all that is known of it, and its largest part the label; what comes out of background has the class of the vote.
    Nuclei that don't meet the stroke stay as they are.

    Parameters
    ----------
    image : int
    memory : ImageMemory
    box, pixels
        The stroke.
    more : bool
        It is painted as nucleus; else as background.
    maps : HoverMaps
    born : callable
        A row with a new label, of the class of a vote.
    thresholds : Thresholds

    Raises
    ------
    NucleusError
        The maps have another size, or there is nothing under the stroke to take away.
    """
    shape = memory.labels.shape
    if maps.shape != shape:
        raise NucleusError(f"Expected maps of the image's size {shape}, got {maps.shape}. Segment it again.")
    box, pixels = painted(box, pixels, shape)
    met = np.unique(memory.labels[window(box)][pixels])
    ids = met[met > 0].tolist()
    if not more and not ids:
        raise NucleusError("Expected a nucleus under the stroke, got background. Paint over one.")
    whole = around([box, *(memory.table.box(label) for label in ids)], round(_MARGIN_UM / maps.mpp), shape)
    now, stroke = memory.labels[window(whole)], placed(pixels, box, whole)
    theirs = np.isin(now, ids)
    found = _watershed(maps, whole, theirs | stroke if more else theirs & ~stroke, thresholds)
    after, rows = np.where(theirs, 0, now), {}
    for part, former in _parts(found, now, ids):
        fresh = born(vote(maps.type_prob, whole, part))
        row = fresh if former is None else memory.table[former]._replace(features=None)
        label = fresh.label if former is None or former in rows else former
        after[part] = label
        rows[label] = row._replace(label=label)
    return redrawn(image, memory, "repaint", whole, after, rows)


def _watershed(maps: HoverMaps, box: Box, ground: NDArray[np.bool_], thresholds: Thresholds) -> list[NDArray[np.bool_]]:
    """Nuclei of a part of the maps, the largest first; ground where nothing seeds one is one as a whole."""
    hv = np.ascontiguousarray(maps.hv[(slice(None), *window(box))])
    local = HoverMaps(ground.astype(np.float32), hv, mpp=maps.mpp)
    labels = decode_hover(
        local, marker_threshold=thresholds.marker_threshold, min_area_um2=thresholds.min_area_um2
    ).labels
    seeded = [labels == i for i in np.unique(labels[labels > 0])]
    bare = [part for part in geometry.pieces(ground & (labels == 0)) if part.sum() >= geometry.SPECK_PX]
    return sorted([*seeded, *bare], key=lambda part: -int(part.sum()))


def _parts(
    found: list[NDArray[np.bool_]], now: NDArray[np.int32], ids: list[int]
) -> list[tuple[NDArray[np.bool_], int | None]]:
    """Each nucleus with the one that it has come out of, None for background."""
    parts = []
    for part in found:
        share = [int((now[part] == label).sum()) for label in ids]
        parts.append((part, ids[int(np.argmax(share))] if any(share) else None))
    return parts
