"""From an image layer and an extent to what is segmented."""

from __future__ import annotations

import napari.viewer
import numpy as np
from napari.layers import Image, Shapes
from numpy.typing import NDArray

from napari_nucleus.app.region import Region
from napari_nucleus.app.segment_state import Source


def source_of(viewer: napari.viewer.Viewer, layer: Image, extent: str) -> Source:
    """The pixels of a layer, full resolution, and the region that an extent names.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    layer : napari.layers.Image
    extent : str
        ``"image"``, ``"view"`` (what the canvas shows) or ``"shapes"`` (the shapes of the selected Shapes layers, or
        else of the topmost one).

    Raises
    ------
    NucleusError
        There are no shapes, or the region lies beside the image.
    """
    pixels = layer.data[0] if layer.multiscale else layer.data
    height, width = (pixels.shape[:-1] if layer.rgb else pixels.shape)[-2:]
    if extent == "view":
        region = _in_view(layer, (height, width))
    elif extent == "shapes":
        region = Region.around(_outlines(viewer, layer), (height, width))
    else:
        region = Region.whole((height, width))
    return Source(layer.unique_id, layer.name, pixels, bool(layer.rgb), region)


def _in_view(layer: Image, shape: tuple[int, int]) -> Region:
    low, high = np.asarray(layer.corner_pixels, float)[:, -2:]
    factor = layer.downsample_factors[layer.data_level][-2:] if layer.multiscale else 1
    return Region.between(low * factor, (high + 1) * factor, shape)


def _outlines(viewer: napari.viewer.Viewer, layer: Image) -> list[NDArray[np.float64]]:
    """Drawn areas as polygons in pixels of the image."""
    drawn = [other for other in viewer.layers if isinstance(other, Shapes)]
    chosen = [other for other in drawn if other in viewer.layers.selection] or drawn[-1:]
    outlines = []
    for shapes in chosen:
        for corners, kind in zip(shapes.data, shapes.shape_type, strict=True):
            if kind in ("rectangle", "ellipse", "polygon"):
                flat = ellipse_outline(corners) if kind == "ellipse" else corners
                outlines.append(np.array([_to_pixels(shapes, layer, point) for point in flat]))
    return outlines


def _to_pixels(shapes: Shapes, layer: Image, point: NDArray[np.float64]) -> NDArray[np.float64]:
    world = np.zeros(layer.ndim)
    world[-2:] = np.asarray(shapes.data_to_world(point))[-2:]
    return np.asarray(layer.world_to_data(world))[-2:]


def ellipse_outline(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points on the ellipse that fills a rectangle given by its corners."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)[:, None]
    center, across, along = corners.mean(0), (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    return center + np.cos(angle) * across + np.sin(angle) * along
