"""Shapes of single nuclei, as masks; nothing here knows of projects."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError

SPECK_PX = 10
"""Smaller pieces are no nuclei."""

_BRIDGE_PX = 8  # nuclei farther apart than this are two
_MIN_WAIST = 0.85  # of the thinner part's radius; a wider waist is none


def pieces(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Parts that hang together by the edges of their pixels, the largest first; of equal ones, the first."""
    count, part = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    area = np.bincount(part.ravel(), minlength=count)[1:]
    return [part == 1 + i for i in np.argsort(-area, kind="stable")]


def filled(mask: NDArray[np.bool_], free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With the holes that it encloses, as far as they are free."""
    _, part = cv2.connectedComponents(np.pad(~mask, 1, constant_values=True).astype(np.uint8), connectivity=4)
    holes = (part != part[0, 0])[1:-1, 1:-1] & ~mask
    return mask | (holes & free)


def smoothed(mask: NDArray[np.bool_], free: NDArray[np.bool_], sigma_px: float = 2.0) -> NDArray[np.bool_]:
    """With a smoother rim: where a Gaussian of the mask is at least one half and the pixel is free, or its own.

    One that nothing would be left of stays as it is.
    """
    width = round(4 * sigma_px)
    soft = cv2.GaussianBlur(np.pad(mask, width).astype(np.float32), (0, 0), sigma_px)[width:-width, width:-width]
    found = pieces((soft >= 0.5) & (mask | free))
    return found[0] if found else mask


def joined(masks: Sequence[NDArray[np.bool_]], free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Several in one piece; narrow gaps between them are bridged where there is free ground.

    Raises
    ------
    NucleusError
        They are too far apart, or others lie between them.
    """
    whole = np.any(masks, axis=0)
    for radius in range(_BRIDGE_PX // 2 + 1):
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        closed = cv2.morphologyEx(np.pad(whole, 2 * radius).astype(np.uint8), cv2.MORPH_CLOSE, disc).astype(bool)
        inner = slice(2 * radius, -2 * radius or None)
        bridged = whole | (closed[inner, inner] & free)
        _, part = cv2.connectedComponents(bridged.astype(np.uint8), connectivity=8)
        homes = [np.bincount(part[mask]).argmax() for mask in masks]
        if len(set(homes)) == 1:
            return whole | (bridged & (part == homes[0]))
    raise NucleusError("Expected nuclei that lie side by side, got some too far apart. Merge neighbours, or draw it.")


def cut(mask: NDArray[np.bool_], line: NDArray[np.float64]) -> list[NDArray[np.bool_]]:
    """Parts on either side of a line (N, 2) of y, x; pixels under the line go to the nearer part.

    Raises
    ------
    NucleusError
        The line doesn't cross from side to side.
    """
    under = np.zeros(mask.shape, np.uint8)
    points = np.rint(line[:, ::-1]).astype(np.int32)
    cv2.polylines(under, [points], False, 1)
    parts = [part for part in pieces(mask & (under == 0)) if part.sum() >= SPECK_PX]
    if len(parts) < 2:
        raise NucleusError(
            "Expected a line across the nucleus, got one that doesn't part it. Draw it from side to side."
        )
    return _shared_out(mask, parts)


def parted_at_waist(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Two parts, or more, that a nucleus's waist tells apart, by the distance from its rim.

    The inner part is eroded further and further. Where it falls into parts that reach as deep as the waist again, and
    those parts are no specks, is the waist.

    Raises
    ------
    NucleusError
        It has no waist.
    """
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    for level in np.arange(0.5, depth.max(), 0.5):
        cores = [core for core in pieces(depth > level) if level < _MIN_WAIST * depth[core].max()]
        if len(cores) > 1:
            return _shared_out(mask, cores)
    raise NucleusError("Expected a nucleus with a waist, got one without. Draw a line to split it at.")


def _shared_out(mask: NDArray[np.bool_], cores: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """Each pixel of a mask to one of the cores, the nearest within the mask; the largest part first."""
    from skimage.segmentation import watershed

    markers = np.zeros(mask.shape, np.int32)
    for i, core in enumerate(cores, 1):
        markers[core] = i
    grown = watershed(np.zeros(mask.shape, np.uint8), markers, mask=mask)
    left = mask & (grown == 0)  # pieces of the nucleus that no core touches
    grown[left] = 1
    parts = [grown == i for i in range(1, len(cores) + 1)]
    return sorted(parts, key=lambda part: -int(part.sum()))
