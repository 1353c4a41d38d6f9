"""The image under a layer of nuclei, pixel by pixel."""

from __future__ import annotations

import numpy as np
from napari.layers import Image, Labels
from numpy.typing import NDArray

from napari_nucleus.io import as_rgb

_ALIKE = 1e-3


def pixels_under(image: Image | None, nuclei: Labels) -> NDArray[np.uint8] | None:
    """The pixels of an image that nuclei lie on, (H, W, 3) uint8 copied; None where they don't lie on its grid.

    Parameters
    ----------
    image : napari.layers.Image, optional
        Of which the full resolution is taken; nuclei of a region lie on a part of it.
    nuclei : napari.layers.Labels
    """
    if image is None:
        return None
    level = image.data[0] if image.multiscale else image.data
    height, width = nuclei.data.shape[-2:]
    corners = [_pixel(image, nuclei, corner) for corner in ((0, 0), (height, width))]
    top, left = np.round(corners[0]).astype(int)
    aligned = np.allclose(corners[1] - corners[0], (height, width), atol=max(height, width) * _ALIKE)
    rows, columns = (level.shape[:-1] if image.rgb else level.shape)[-2:]
    if not aligned or top < 0 or left < 0 or top + height > rows or left + width > columns:
        return None
    if level.ndim != (3 if image.rgb else 2):
        return None
    return as_rgb(np.array(level[top : top + height, left : left + width]))


def _pixel(image: Image, nuclei: Labels, place: tuple[int, int]) -> NDArray[np.float64]:
    return np.asarray(image.world_to_data(nuclei.data_to_world(place)))[-2:]
