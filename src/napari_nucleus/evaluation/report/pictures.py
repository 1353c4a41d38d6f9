"""Pictures of what went wrong: the part of an image with the most errors, its nuclei outlined."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from napari_nucleus.evaluation.evaluation import Case
from napari_nucleus.evaluation.matching import match

FOUND, MISSED, EXTRA = "#009E73", "#F0E442", "#000000"
_PART_PX, _SHOWN_PX, _STEP = 384, 768, 16
_GREY = 225


@dataclass(frozen=True, slots=True)
class Picture:
    """The worst part of an image.

    Attributes
    ----------
    uri : str
        A JPEG as data URI.
    y, x, height, width : int
        The part, in pixels of the image.
    whole : bool
        It is the whole image.
    tissue : bool
        The image was at hand; else the outlines stand on grey.
    """

    uri: str
    y: int
    x: int
    height: int
    width: int
    whole: bool
    tissue: bool


def picture(case: Case, image: NDArray[np.uint8] | None) -> Picture:
    """Draw the part of an image with the most nuclei that were missed or are extra.

    Parameters
    ----------
    case : Case
    image : (H, W, 3) uint8 or None
        None where it isn't at hand.
    """
    found = match(case.truth, case.prediction)
    missed, extra = found.true_partner < 0, found.pred_partner < 0
    shape = case.truth.labels.shape
    rows, columns = _worst_part(np.concatenate([found.true.yx[missed], found.pred.yx[extra]]), shape)
    zoom = max(1, _SHOWN_PX // max(rows.stop - rows.start, columns.stop - columns.start))
    at_hand = image is not None and image.shape[:2] == shape
    part = image[rows, columns] if image is not None and at_hand else _blank(rows, columns)
    drawn = cv2.resize(np.ascontiguousarray(part), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    truth, prediction = case.truth.labels[rows, columns], case.prediction.labels[rows, columns]
    for labels, chosen, color in (
        (prediction, found.pred.labels[~extra], FOUND),
        (prediction, found.pred.labels[extra], EXTRA),
        (truth, found.true.labels[missed], MISSED),
    ):
        cv2.polylines(drawn, list(_outlines(labels, chosen, zoom)), True, _rgb(color), 2, cv2.LINE_AA)
    return Picture(
        _jpeg(drawn),
        rows.start,
        columns.start,
        rows.stop - rows.start,
        columns.stop - columns.start,
        truth.shape == shape,
        at_hand,
    )


def _worst_part(errors: NDArray[np.float64], shape: tuple[int, int]) -> tuple[slice, slice]:
    """The square that holds most of the points (y, x)."""
    bins = [np.arange(0, length + _STEP, _STEP) for length in shape]
    density = np.histogram2d(errors[:, 0], errors[:, 1], bins)[0]
    sums = np.pad(density.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    height, width = (min(_PART_PX // _STEP, length) for length in density.shape)
    inside = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    places = np.unravel_index(inside.argmax(), inside.shape)
    starts = [min(int(place) * _STEP, max(0, length - _PART_PX)) for place, length in zip(places, shape, strict=True)]
    rows, columns = (slice(start, min(start + _PART_PX, n)) for start, n in zip(starts, shape, strict=True))
    return rows, columns


def _outlines(labels: NDArray[np.int32], chosen: NDArray[np.int32], zoom: int) -> Iterator[NDArray[np.int32]]:
    """Outlines of some nuclei in pixels of the enlarged picture."""
    ids, order = np.unique(labels, return_inverse=True)
    places = find_objects(order.reshape(labels.shape) + (ids[0] > 0))
    for label, place in zip(ids[ids > 0], places, strict=True):
        if label not in chosen:
            continue
        mask = (labels[place] == label).astype(np.uint8)
        large = cv2.resize(mask, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
        corner = (place[1].start * zoom, place[0].start * zoom)
        yield from cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=corner)[0]


def _blank(rows: slice, columns: slice) -> NDArray[np.uint8]:
    return np.full((rows.stop - rows.start, columns.stop - columns.start, 3), _GREY, np.uint8)


def _jpeg(pixels: NDArray) -> str:
    bgr = cv2.cvtColor(np.asarray(pixels, np.uint8), cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 82])
    return "data:image/jpeg;base64," + b64encode(encoded.tobytes()).decode()


def _rgb(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color.lstrip("#")))
