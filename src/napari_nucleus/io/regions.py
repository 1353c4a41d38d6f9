"""Regions that were drawn elsewhere, from GeoJSON as QuPath exports annotations."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.io.files import reading

_FARTHEST_PX = 1e8


def read_regions(path: str | os.PathLike[str]) -> dict[str, list[NDArray[np.float64]]]:
    """Read the areas of a GeoJSON file by name.

    Parameters
    ----------
    path : path
        ``.geojson`` or ``.json`` in pixels of the full resolution: a feature collection, a feature, or a list of them.

    Returns
    -------
    dict
        Rings (N, 2), holes included, y then x in pixels whose centres are whole numbers: half a pixel less than in the
        file. The key is the annotation's name, else its classification, else ``region``; a name that comes again is
        numbered. Detections, cells, points and lines are left out.

    Raises
    ------
    NucleusError
        The file can't be read, isn't GeoJSON, or holds no area.
    """
    path = Path(path)
    with reading(path, "regions", [".geojson", ".json"]):
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            content = content.get("features", [content])
        areas = [feature for feature in content if _is_area(feature)]
        if not areas:
            raise NucleusError(
                f"Expected annotations that are areas, got none in {len(content)} objects. "
                "Export annotations, not cells."
            )
        return dict(zip(numbered(map(_name, areas)), map(_rings, areas), strict=True))


def numbered(names: Iterable[str]) -> list[str]:
    """Names that differ: what comes again is numbered from 2.

    Examples
    --------
    >>> numbered(["Tumor", "Stroma", "Tumor"])
    ['Tumor', 'Stroma', 'Tumor 2']
    """
    times: dict[str, int] = {}
    for name in names:
        fresh = name
        while fresh in times:
            times[name] += 1
            fresh = f"{name} {times[name]}"
        times[fresh] = 1
    return list(times)


def _is_area(feature: dict[str, Any]) -> bool:
    kind = (feature.get("properties") or {}).get("objectType")
    geometry = feature.get("geometry") or {}
    return kind not in ("detection", "cell") and geometry.get("type") in ("Polygon", "MultiPolygon")


def _name(feature: dict[str, Any]) -> str:
    """The annotation's own name, or its class; QuPath gives the parts of a derived class as a list."""
    properties = feature.get("properties") or {}
    kind = properties.get("classification") or {}
    name = properties.get("name") or kind.get("name") or ": ".join(kind.get("names", []))
    return " ".join(str(name).split()) or "region"


def _rings(feature: dict[str, Any]) -> list[NDArray[np.float64]]:
    geometry = feature["geometry"]
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    rings = [np.array(ring, np.float64) for polygon in polygons for ring in polygon]
    for ring in rings:
        if ring.ndim != 2 or ring.shape[1] < 2 or not (np.abs(ring) < _FARTHEST_PX).all():
            raise NucleusError(f"Expected rings of x and y in pixels, got one of shape {ring.shape}. Export it again.")
    return [ring[:, 1::-1] - 0.5 for ring in rings]
