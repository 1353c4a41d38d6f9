"""The camera's way to a place of a layer."""

from __future__ import annotations

import napari.viewer
import numpy as np
from napari.layers import Layer

from napari_nucleus.gui.layers.place import read_mpp


def fly_to(
    viewer: napari.viewer.Viewer, layer: Layer, place: tuple[float, float], view_um: float, *, nearer: bool = True
) -> None:
    """Bring a place into the middle of the view.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    layer : napari.layers.Layer
    place : (y, x)
        In pixels of the layer.
    view_um : float
        How much is to be seen across, in µm.
    nearer : bool
        Zoom to just that; otherwise a view that is nearer already stays so.
    """
    half = view_um / read_mpp(layer)[0] / 2
    low, middle, high = (
        np.asarray(layer.data_to_world((place[0] + by, place[1] + by)))[-2:] for by in (-half, 0.0, half)
    )
    size = viewer.canvas.size if hasattr(viewer, "canvas") else viewer._canvas_size  # napari before 0.9
    camera = getattr(viewer, "scene", viewer).camera
    zoom = float(min(size) / np.abs(high - low).max())
    camera.center = (*camera.center[:-2], *middle.tolist())
    if nearer or zoom > camera.zoom:
        camera.zoom = zoom
