"""The maps that nuclei are decoded from, as layers; hidden until the user wants to see them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import napari.viewer
import numpy as np
import pandas as pd
from napari.layers import Image, Labels
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme
from napari_nucleus.gui.layers.colors import type_colormap


def add_map(
    viewer: napari.viewer.Viewer,
    values: NDArray[np.float32],
    limits: tuple[float, float],
    colormap: str | Colormap,
    **options: Any,
) -> Image:
    """A map (H, W) as an image with fixed contrast limits."""
    return viewer.add_image(
        values, contrast_limits=limits, colormap=colormap, blending="translucent", rgb=False, visible=False, **options
    )


def add_types(
    viewer: napari.viewer.Viewer,
    kinds: NDArray[np.uint8],
    scheme: ClassScheme,
    hidden: Collection[str] = (),
    **options: Any,
) -> Labels:
    """The most probable class of each pixel (H, W), 0 = background; the status bar names it."""
    layer = viewer.add_labels(kinds, visible=False, opacity=0.6, **options)
    show_types(layer, kinds, scheme, hidden)
    return layer


def show_types(layer: Labels, kinds: NDArray[np.uint8], scheme: ClassScheme, hidden: Collection[str] = ()) -> None:
    """Replace what a layer of `add_types` shows."""
    layer.data = kinds
    layer.features = pd.DataFrame({"index": range(len(scheme) + 1), "class": ["background", *scheme.classes]})
    layer.colormap = type_colormap(scheme, hidden)
