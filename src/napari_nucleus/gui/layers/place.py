"""Where layers lie: in µm, on top of the image that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import napari.viewer
import numpy as np
import pint
from napari.layers import Image, Layer

from napari_nucleus.io.pixel_size import plausible_mpp

ASSUMED_MPP = 0.25


def read_mpp(layer: Layer) -> tuple[float, str]:
    """Pixel size of a layer in µm, and where it comes from: ``"file"``, ``"layer"``, ``"user"`` or ``"assumed"``.

    ``metadata["mpp"]`` counts first, then a scale in a unit of length; a scale in pixels says nothing.
    """
    known = layer.metadata.get("mpp")
    if isinstance(known, (int, float)) and 0.01 <= known <= 100:
        return float(known), str(layer.metadata.get("mpp_source", "file"))
    microns = _microns_per_unit(layer)
    if microns is not None:
        y, x = np.abs(layer.scale[-2:]) * microns
        mpp = plausible_mpp(float(x), float(y))
        if mpp is not None:
            return mpp, "layer"
    return ASSUMED_MPP, "assumed"


def calibrate(viewer: napari.viewer.Viewer, image: Layer, mpp: float, source: str) -> None:
    """Give an image layer its scale in µm, and keep together what lies together.

    Layers in the unit that the image had are scaled with it: shapes, points and labels that were drawn on it, and
    images of its size. The camera follows, so that the view stays.
    """
    image.metadata["mpp"], image.metadata["mpp_source"] = mpp, source
    factor = mpp / float(np.abs(image.scale[-2:]).mean())
    unit = image.units[-1]
    if abs(factor - 1) < 1e-6 and unit == _MICRON:
        return
    for layer in viewer.layers:
        other_image = isinstance(layer, Image) and _plane(layer) != _plane(image)
        if layer.unique_id == image.unique_id or (layer.units[-1] == unit and not other_image):
            _scale(layer, factor)
    camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
    camera.center = tuple(c * factor for c in camera.center)
    camera.zoom /= factor


def placement(image: Layer | None, offset: tuple[int, int] = (0, 0)) -> dict[str, Any]:
    """Transform of a plane whose first pixel lies on pixel ``offset`` (y, x) of an image layer."""
    if image is None:
        return {}
    corner = image.affine.inverse(image.data_to_world((0,) * (image.ndim - 2) + offset))
    place = {"scale": image.scale[-2:], "translate": np.asarray(corner)[-2:], "units": image.units[-2:]}
    if image.ndim == 2:
        place |= {"rotate": image.rotate, "shear": image.shear, "affine": image.affine.affine_matrix}
    return place


def move(layer: Layer, place: Mapping[str, Any]) -> None:
    """Give a layer a transform; what is so already isn't touched, as each change redraws."""
    for name, value in place.items():
        now = getattr(layer, name)
        now = now.affine_matrix if name == "affine" else now
        if not np.array_equal(now, value):
            setattr(layer, name, value)


_MICRON = pint.get_application_registry().Unit("um")


def _microns_per_unit(layer: Layer) -> float | None:
    try:
        return float((1 * layer.units[-1]).to(_MICRON).magnitude)
    except pint.DimensionalityError:
        return None


def _plane(layer: Image) -> tuple[int, ...]:
    """Height and width in pixels."""
    return tuple(layer.data.shape[:-1] if layer.rgb else layer.data.shape)[-2:]


def _scale(layer: Layer, factor: float) -> None:
    factors = np.ones(layer.ndim)
    factors[-2:] = factor
    layer.translate = layer.translate * factors
    layer.scale = layer.scale * factors
    layer.units = (*layer.units[:-2], "um", "um")
