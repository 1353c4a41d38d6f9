"""Images and nuclei as napari's layer data: what readers and samples return."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np

from napari_nucleus.app.features import features_of
from napari_nucleus.core import Image, NucleusMap
from napari_nucleus.gui.layers.colors import nucleus_colormap

LayerData = tuple[Any, dict[str, Any], str]


def image_data(image: Image) -> LayerData:
    """An image with its scale in µm; lazy levels as dask arrays, several as a multiscale layer.

    The metadata hold ``mpp``, ``mpp_source`` and ``path``, as far as they are known.
    """
    levels = [level if isinstance(level, np.ndarray) else _lazy(level) for level in image.levels]
    options: dict[str, Any] = {"name": image.name, "rgb": True, "metadata": {}}
    if image.path is not None:
        options["metadata"]["path"] = str(image.path)
    if image.mpp is not None:
        options["metadata"] |= {"mpp": image.mpp, "mpp_source": "file"}
        options |= _in_microns(image.mpp)
    return levels if len(levels) > 1 else levels[0], options, "image"


def nuclei_data(nuclei: NucleusMap, name: str) -> LayerData:
    """Nuclei in the colours of their classes, with their features; `nuclei_in` reads them back."""
    options = {
        "name": name,
        "features": features_of(nuclei),
        "colormap": nucleus_colormap(nuclei),
        "opacity": 0.5,
        "metadata": {"classes": nuclei.scheme, "mpp": nuclei.mpp},
    }
    return nuclei.labels, options | _in_microns(nuclei.mpp), "labels"


def _in_microns(mpp: float) -> dict[str, Any]:
    return {"scale": (mpp, mpp), "units": ("um", "um")}


def _lazy(level: Any) -> da.Array:
    return da.from_array(level, chunks=getattr(level, "chunks", "auto"), name=False)
