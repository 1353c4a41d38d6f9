"""napari's way to our writers: a Labels layer of nuclei to GeoJSON, CSV or label TIFF."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pint

from napari_nucleus import io
from napari_nucleus.app.features import nuclei_of
from napari_nucleus.core import NucleusError, NucleusMap, scheme
from napari_nucleus.io.pixel_size import plausible_mpp

_ASSUMED_MPP = 0.25


def write_geojson(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Write outlines, classes and probabilities for QuPath."""
    return _write(io.write_geojson, path, data, attributes)


def write_csv(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Write the table of nuclei."""
    return _write(io.write_csv, path, data, attributes)


def write_labels(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Write the label image with its pixel size."""
    return _write(io.write_labels, path, data, attributes)


def _write(write: Callable[[str, NucleusMap], None], path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    try:
        write(path, _nuclei(data, attributes))
    except NucleusError as error:  # napari would take a ValueError for "no writer found" and keep silent
        raise OSError(str(error)) from error
    return [path]


def _nuclei(data: Any, attributes: Mapping[str, Any]) -> NucleusMap:
    """The nuclei of any Labels layer; those that aren't ours have one class."""
    labels = np.asarray(data)
    if labels.ndim != 2:
        raise NucleusError(f"Expected one plane of labels, got shape {labels.shape}. Save it with napari's own writer.")
    metadata = attributes.get("metadata", {})
    kinds = metadata.get("classes", scheme("nucleus"))
    mpp = metadata.get("mpp") or _mpp_of(attributes) or _ASSUMED_MPP
    if "classes" not in metadata:
        return NucleusMap.from_labels(labels, mpp=mpp)
    return nuclei_of(labels, attributes.get("features", {}), kinds, mpp)


def _mpp_of(attributes: Mapping[str, Any]) -> float | None:
    """Pixel size from a scale in a unit of length."""
    try:
        microns = [
            float((size * pint.get_application_registry().Unit(str(unit))).to("um").magnitude)
            for size, unit in zip(attributes["scale"], attributes["units"], strict=True)
        ]
    except (KeyError, pint.PintError):
        return None
    return plausible_mpp(microns[-1], microns[-2])
