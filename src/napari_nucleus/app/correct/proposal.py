"""A missed nucleus, proposed from one click."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.correct import geometry
from napari_nucleus.app.correct.boxes import box_of, window
from napari_nucleus.app.correct.votes import vote
from napari_nucleus.core import HoverMaps, NucleusError
from napari_nucleus.postprocess.hover import edge_map
from napari_nucleus.project.chunks import Box

_REACH_UM = 16.0  # no nucleus reaches farther from the click
_SHARES = np.linspace(0.95, 0.05, 16)  # of the NP found at the click: where the outlines run, the smallest first
_FIRST = 0.3  # the share that is proposed at first
_LEAST = 0.04  # NP below this says nothing
_NEAR_UM = 1.0  # from the click: where NP is looked at
_RADIUS_UM = 2.5  # of the disc that is proposed where NP says nothing
_SMOOTHING_UM = 0.4
_EDGE = 0.5  # of `edge_map`, where H or V fall so steeply that another nucleus begins
_RIM_PX = 2
_SMOOTH_RIM_PX = 1.0
_RINGS = 6  # single pixels by which the smallest and the largest outline can still shrink and grow


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """An outline that may become a nucleus; `grow` and `shrink` give another.

    Attributes
    ----------
    box : (y0, x0, y1, x1)
    pixels : (height, width) bool
        Of the box.
    number : int
        Class by the vote of the pixels; 0 is unknown.
    probabilities : tuple of float or None
        Of the classes 1, 2, …
    """

    box: Box
    pixels: NDArray[np.bool_]
    number: int
    probabilities: tuple[float, ...] | None
    _steps: _Steps
    _step: int

    def grow(self) -> Proposal:
        """The next larger outline; itself where there is none."""
        return self._steps.proposal(self._step + 1)

    def shrink(self) -> Proposal:
        """The next smaller outline; itself where there is none."""
        return self._steps.proposal(self._step - 1)


def propose(
    place: tuple[float, float], labels: NDArray[np.int32], maps: HoverMaps, n_classes: int | None = None
) -> Proposal:
    """The outline of the nucleus at a place of the image, where there is none yet.

    It runs where NP is half of what it is at the place, and stops at other nuclei and where H or V say that another one
    begins. Where NP says nothing, a small disc is proposed.

    Parameters
    ----------
    place : (y, x)
        In pixels.
    labels : (H, W) int32
    maps : HoverMaps
        Of the same size.
    n_classes : int, optional
        Without types of so many classes, the class is unknown.

    Raises
    ------
    NucleusError
        The place is outside the image or in a nucleus, or the maps have another size.
    """
    if maps.shape != labels.shape:
        raise NucleusError(f"Expected maps of the image's size {labels.shape}, got {maps.shape}. Segment it again.")
    y, x = (round(value) for value in place)
    if not (0 <= y < labels.shape[0] and 0 <= x < labels.shape[1]) or labels[y, x]:
        raise NucleusError("Expected a place without nucleus, got another. Click on a nucleus that was missed.")
    reach = round(_REACH_UM / maps.mpp)
    box = max(0, y - reach), max(0, x - reach), min(labels.shape[0], y + reach + 1), min(labels.shape[1], x + reach + 1)
    at = y - box[0], x - box[1]
    masks = _outlines(maps.np_prob[window(box)], _barrier(maps, box), labels[window(box)] == 0, at, maps.mpp)
    types = maps.type_prob if maps.type_prob is not None and n_classes in (None, len(maps.type_prob) - 1) else None
    first = int(np.argmin([abs(level - _FIRST) for level, _ in masks]))
    return _Steps(box, tuple(mask for _, mask in masks), types).proposal(first)


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Outlines, each within the next."""

    box: Box
    masks: tuple[NDArray[np.bool_], ...]
    type_prob: NDArray[np.float32] | None

    def proposal(self, step: int) -> Proposal:
        step = min(max(step, 0), len(self.masks) - 1)
        y0, x0, y1, x1 = box_of(self.masks[step])
        pixels = self.masks[step][y0:y1, x0:x1]
        box = y0 + self.box[0], x0 + self.box[1], y1 + self.box[0], x1 + self.box[1]
        number, chances = vote(self.type_prob, box, pixels)
        return Proposal(box, pixels, number, chances, self, step)


def _barrier(maps: HoverMaps, box: Box) -> NDArray[np.bool_]:
    """Where another nucleus begins."""
    hv = np.ascontiguousarray(maps.hv[(slice(None), *window(box))], np.float32)
    return edge_map(hv, np.ones(hv.shape[1:], np.uint8), _SMOOTHING_UM / maps.mpp) > _EDGE


def _outlines(
    np_prob: NDArray[np.float32], barrier: NDArray[np.bool_], free: NDArray[np.bool_], at: tuple[int, int], mpp: float
) -> list[tuple[float, NDArray[np.bool_]]]:
    """Outlines around a pixel, each within the next, and the share of NP that each one runs at."""
    near = _disc(np_prob.shape, at, _NEAR_UM / mpp) & free
    peak = float(np_prob[near].max())
    if peak < _LEAST:
        radii = _RADIUS_UM / mpp + np.arange(-_RINGS, 2 * _RINGS + 1)
        found = [
            (_FIRST - (r - _RADIUS_UM / mpp), _piece(_disc(free.shape, at, max(r, 1.0)) & free, at)) for r in radii
        ]
        return _distinct(found)
    seed = np.unravel_index(np.where(near & ~barrier, np_prob, -1).argmax(), np_prob.shape)
    start = (int(seed[0]), int(seed[1]))
    ground = free & ~barrier
    ground[start] = True
    levels = [(share, free & (np_prob >= min(share * peak, np_prob[start]))) for share in _SHARES]
    found = [(share, _whole(level, level & ground, free, start)) for share, level in levels]
    for i in range(_RINGS):
        found.append((-1.0 - i, found[-1][1] | (_grown(found[-1][1]) & free)))
        smaller = _piece(_shrunk(found[0][1]), start)
        if smaller.any():
            found.insert(0, (2.0 + i, smaller))
    return _distinct(found)


def _whole(
    level: NDArray[np.bool_], ground: NDArray[np.bool_], free: NDArray[np.bool_], at: tuple[int, int]
) -> NDArray[np.bool_]:
    """The piece of ground around a pixel with its rim, where H and V fall as well, and without holes and frays."""
    piece = _piece(ground, at)
    for _ in range(_RIM_PX):
        piece |= _grown(piece) & level
    return geometry.smoothed(geometry.filled(piece, free), free, _SMOOTH_RIM_PX)


def _distinct(found: list[tuple[float, NDArray[np.bool_]]]) -> list[tuple[float, NDArray[np.bool_]]]:
    """Without those that are as large as the one before."""
    sizes = [int(mask.sum()) for _, mask in found]
    return [one for one, size, last in zip(found, sizes, [0, *sizes], strict=False) if size > last]


def _piece(mask: NDArray[np.bool_], at: tuple[int, int]) -> NDArray[np.bool_]:
    """The part of a mask that holds a pixel, nothing where the pixel isn't in it."""
    if not mask[at]:
        return np.zeros_like(mask)
    _, part = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return part == part[at]


def _disc(shape: tuple[int, ...], at: tuple[int, int], radius: float) -> NDArray[np.bool_]:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (y - at[0]) ** 2 + (x - at[1]) ** 2 <= max(radius, 1.0) ** 2


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))).astype(bool)


def _shrunk(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return cv2.erode(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))).astype(bool)
