"""A nucleus and the tissue that it lies in, as measured numbers.

None of them comes from a network. So they say as much of an image that no network was taught as of one that it knows by
heart, and a graph that learns from them errs in other places than the network does.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from napari_nucleus.core import Image, NucleusMap
from napari_nucleus.graph.measurements import morphology
from napari_nucleus.graph.measurements.pixels import rgb_of, rows_of
from napari_nucleus.graph.surroundings import beside_surroundings

SQUARES_UM = (7.0, 17.0, 41.0, 103.0)
"""Sides of the squares around a nucleus in which its tissue is measured."""

_GRID_UM = 1.0
_WHITE = 0.35  # optical density (natural logarithm, three colours together) of an empty lumen, of fat, of glass
_RADIUS_UM = 100.0
_ALONE_UM = 50.0  # to the neighbours of a nucleus that has none
_LEAST = 0.02  # share of a square that isn't nucleus, so that a share of it can be told
_DENSITY = -np.log((np.arange(256) + 1) / 256)
_SHAPE = ("eccentricity", "solidity", "extent", "circularity", "axis_ratio", "fill")
_LENGTHS = ("area_um2", "perimeter_um", "axis_major_um", "axis_minor_um", "nearest_um", "mean_nearest_um")
_REST = ("neighbours", "haematoxylin", "haematoxylin_sd", "haematoxylin_contrast", "eosin")
_COLOURS = 3


def tissue_features(
    nuclei: NucleusMap, image: Image | NDArray[np.uint8], measured: pd.DataFrame | None = None
) -> NDArray[np.float32]:
    """What is measured of each nucleus, beside the nuclei within 100 µm, and of the tissue around it.

    Parameters
    ----------
    nuclei : NucleusMap
    image : Image or (H, W, 3) uint8
        That they lie in.
    measured : DataFrame, optional
        Their `morphology`, where it is there already.

    Returns
    -------
    (N, `TISSUE_WIDTH`) float32
        Its shape, size, stain and crowding (`morphology`; lengths as logarithms) and the mean and spread of its optical
        density in red, green and blue; all of these less their mean over the nuclei within 100 µm; its optical density
        less that of the tissue between the nuclei close by; and of squares of 7, 17, 41 and 103 µm: share of nuclei,
        share of white in what isn't nucleus, and the optical density there, in the widest as it is, in the others less
        that of the widest.

    Raises
    ------
    NucleusError
        The image is none of uint8 RGB, or of another size.
    """
    if not len(nuclei):
        return np.zeros((0, TISSUE_WIDTH), np.float32)
    measured = morphology(nuclei, image) if measured is None else measured
    step = max(1, round(_GRID_UM / nuclei.mpp))
    sums, blocks = _sums(rows_of(nuclei), len(nuclei), rgb_of(image, nuclei), _DENSITY, step)
    colour, squared = np.split(sums / measured["area_um2"].to_numpy()[:, None] * nuclei.mpp**2, 2, axis=1)
    spread = np.sqrt(np.maximum(squared - colour**2, 0))
    own = np.concatenate([_numbers(measured), colour, spread], 1).astype(np.float32)
    beside = beside_surroundings(own, nuclei.table[["y_um", "x_um"]].to_numpy(np.float64), _RADIUS_UM)
    around = _squares(blocks, nuclei, step)
    near = colour - around[1][:, 2:]
    for square in around[:-1]:
        square[:, 2:] -= around[-1][:, 2:]
    return np.concatenate([own, beside, near, *around], 1).astype(np.float32)


def _numbers(measured: pd.DataFrame) -> NDArray[np.float64]:
    lengths = np.log1p(measured[list(_LENGTHS)].fillna(_ALONE_UM).to_numpy(np.float64))
    return np.concatenate([measured[list(_SHAPE + _REST)].to_numpy(np.float64), lengths], 1)


def _squares(blocks: NDArray[np.float32], nuclei: NucleusMap, step: int) -> list[NDArray[np.float64]]:
    """Of the squares around each nucleus, narrow to wide: share of nuclei, of white, and optical density, (N, 5)."""
    place = ((nuclei.table[["y_px", "x_px"]].to_numpy() + 0.5) / step).astype(np.int64)
    y, x = np.clip(place, 0, np.array(blocks.shape[1:]) - 1).T
    found = []
    for side in SQUARES_UM:
        size = 2 * round(side / (step * nuclei.mpp) / 2) + 1
        whole, free, *rest = (uniform_filter(plane, size, mode="constant")[y, x].astype(np.float64) for plane in blocks)
        free = np.minimum(free, whole)
        shares = [one / np.maximum(free, _LEAST * whole) for one in rest]
        found.append(np.stack([1 - free / whole, *shares], 1))
    return found


@njit(cache=True)
def _sums(row_of, n, image, density, step):
    """Over each nucleus: optical density of three colours, then their squares, (N, 6). Over each square of pixels: how
    many there are, how many are no nucleus, how many of these are white, and the optical density of these, (6, h, w).
    """
    height, width = row_of.shape
    own = np.zeros((n, 6))
    blocks = np.zeros((6, (height + step - 1) // step, (width + step - 1) // step), np.float32)
    for y in range(height):
        for x in range(width):
            i = row_of[y, x]
            r, g, b = density[image[y, x, 0]], density[image[y, x, 1]], density[image[y, x, 2]]
            if i >= 0:
                for c, value in enumerate((r, g, b)):
                    own[i, c] += value
                    own[i, 3 + c] += value * value
            row, column = y // step, x // step
            blocks[0, row, column] += 1
            if i < 0:
                blocks[1, row, column] += 1
                if r + g + b < _WHITE:
                    blocks[2, row, column] += 1
                blocks[3, row, column] += r
                blocks[4, row, column] += g
                blocks[5, row, column] += b
    return own, blocks


_OWN = len(_SHAPE + _REST + _LENGTHS) + 2 * _COLOURS
TISSUE_WIDTH = 2 * _OWN + _COLOURS + len(SQUARES_UM) * (2 + _COLOURS)
"""Numbers a nucleus."""
