"""One row of measurements a nucleus."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusMap
from napari_nucleus.graph.measurements.crowding import crowding
from napari_nucleus.graph.measurements.pixels import PixelSums, pixel_sums, rgb_of, rows_of
from napari_nucleus.graph.measurements.shape import axes, hull_areas, perimeters
from napari_nucleus.graph.measurements.stain import stain_sums


def morphology(nuclei: NucleusMap, image: Image | NDArray[np.uint8] | None = None) -> pd.DataFrame:
    """Measure every nucleus; the cost grows with the pixels alone.

    Parameters
    ----------
    nuclei : NucleusMap
    image : Image or (H, W, 3) uint8 array, optional
        For the stains.

    Returns
    -------
    DataFrame
        One row a nucleus, in the order of the table; a row can be had by its label, ``table.loc[label]``.

        ``label``; ``area_um2``; ``diameter_um``, of the circle of the same area; ``perimeter_um``; ``axis_major_um``,
        ``axis_minor_um``, ``eccentricity`` and ``orientation`` (radians, 0 = down the image) of the ellipse of the
        same second moments; ``solidity``, area over that of the convex hull; ``extent``, area over that of the upright
        box: all as `skimage.measure.regionprops` defines them. ``circularity``, 4π·area / perimeter², at most 1;
        ``axis_ratio`` and ``fill``, shorter to longer axis and area over that of the ellipse, each pixel taken as a
        square; ``y_rel``, ``x_rel``, the centroid in the image, in [0, 1].

        ``nearest_um``, ``mean_nearest_um``, ``neighbours``: distance to the nearest nucleus, mean of those to the five
        nearest, number within 25 µm.

        With an image: ``haematoxylin``, ``eosin``, mean optical densities (decadic); ``haematoxylin_sd``;
        ``haematoxylin_contrast``, root of the mean squared step between pixels beside each other (coarse chromatin).

    Raises
    ------
    NucleusError
        The image is none of uint8 RGB, or of another size.
    """
    row_of, n = rows_of(nuclei), len(nuclei)
    sums = pixel_sums(row_of, n)
    centroids = nuclei.table[["y_um", "x_um"]].to_numpy(np.float64)
    parts = [_shape_columns(sums, nuclei.mpp, nuclei.labels.shape), crowding(centroids)]
    if image is not None:
        parts.append(_stain_columns(stain_sums(row_of, n, rgb_of(image, nuclei)), sums.area))
    measured = pd.concat(parts, axis=1)
    ids = nuclei.table["label"].to_numpy()
    measured.insert(0, "label", ids)
    measured.index = pd.Index(ids)
    return measured


def _shape_columns(sums: PixelSums, mpp: float, shape: tuple[int, ...]) -> pd.DataFrame:
    area = sums.area.astype(np.float64)
    longer, shorter, orientation = axes(sums)
    perimeter, box = perimeters(sums), sums.box
    # As squares, pixels have a second moment of their own, 1/12: no axis is 0.
    square_longer, square_shorter = np.sqrt(longer**2 + 4 / 3), np.sqrt(shorter**2 + 4 / 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        eccentricity = np.where(longer > 0, np.sqrt(1 - (shorter / longer) ** 2), 0.0)
        circularity = np.minimum(4 * np.pi * area / perimeter**2, 1.0)
    return pd.DataFrame(
        {
            "area_um2": area * mpp**2,
            "diameter_um": np.sqrt(4 * area / np.pi) * mpp,
            "perimeter_um": perimeter * mpp,
            "axis_major_um": longer * mpp,
            "axis_minor_um": shorter * mpp,
            "eccentricity": eccentricity,
            "orientation": orientation,
            "solidity": area / hull_areas(sums),
            "extent": area / ((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])),
            "circularity": circularity,
            "axis_ratio": square_shorter / square_longer,
            "fill": area / (np.pi / 4 * square_longer * square_shorter),
            "y_rel": (box[:, 0] + sums.first[:, 0] / area + 0.5) / shape[0],
            "x_rel": (box[:, 1] + sums.first[:, 1] / area + 0.5) / shape[1],
        }
    )


def _stain_columns(sums: NDArray[np.float64], area: NDArray[np.int64]) -> pd.DataFrame:
    haematoxylin, square, eosin = (sums[:, :3] / area[:, None]).T
    return pd.DataFrame(
        {
            "haematoxylin": haematoxylin,
            "haematoxylin_sd": np.sqrt(np.maximum(square - haematoxylin**2, 0)),
            "haematoxylin_contrast": np.sqrt(sums[:, 3] / np.maximum(sums[:, 4], 1)),
            "eosin": eosin,
        }
    )
