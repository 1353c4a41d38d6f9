"""Nuclei as GeoJSON that QuPath (0.4 and later) opens by drag and drop."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np
import pandas as pd

from napari_nucleus.core import SCHEMES, ClassScheme, NucleusError, NucleusMap, check_mpp, scheme
from napari_nucleus.io.files import reading, replacing
from napari_nucleus.io.outlines import Ring, fill, outlines

_AREA = "Area µm^2"  # as QuPath names it
_POSITION = ("label", "class", "y_px", "x_px", "y_um", "x_um")  # follow from the outline and the classification


def write_geojson(path: str | os.PathLike[str], nuclei: NucleusMap) -> None:
    """Write a feature collection: a detection a nucleus, in pixels of the full resolution.

    Outlines follow the edges of pixels, so reading gives the same labels back. A nucleus with holes has inner rings,
    one in several pieces is a MultiPolygon. Numbers of the table become measurements. QuPath ignores the member
    ``nuclei``, which keeps size, mpp and class scheme for `read_geojson`.

    Raises
    ------
    NucleusError
        The file can't be written.
    """
    collection = {
        "type": "FeatureCollection",
        "nuclei": {
            "shape": list(nuclei.labels.shape),
            "mpp": nuclei.mpp,
            "columns": [name for name in nuclei.table if name in (*_POSITION, *_measured(nuclei.table))],
            "scheme": {k: getattr(nuclei.scheme, k) for k in ("name", "classes", "colors")},
        },
        "features": _features(nuclei),
    }
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(collection, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def _features(nuclei: NucleusMap) -> list[dict[str, Any]]:
    polygons = outlines(nuclei.labels)
    measured = _measured(nuclei.table)
    names = [_AREA if name == "area_um2" else name for name in measured]
    rgb = {name: _rgb(color) for name, color in zip(nuclei.scheme.classes, nuclei.scheme.colors, strict=True)}
    features = []
    rows = zip(nuclei.table["label"].tolist(), nuclei.table["class"], measured.to_numpy(float).tolist(), strict=True)
    for label, kind, values in rows:
        properties: dict[str, Any] = {"objectType": "detection", "label": label}
        if kind in rgb:
            properties["classification"] = {"name": kind, "color": rgb[kind]}
        # JSON has no NaN; QuPath takes a measurement that is absent for missing.
        properties["measurements"] = {n: v for n, v in zip(names, values, strict=True) if math.isfinite(v)}
        properties["metadata"] = {"label": str(label)}  # what QuPath keeps when it exports again
        features.append(
            {
                "type": "Feature",
                "id": str(uuid5(NAMESPACE_OID, str(label))),
                "geometry": _geometry(polygons[label]),
                "properties": properties,
            }
        )
    return features


def _measured(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=list(_POSITION), errors="ignore").select_dtypes("number")


def _geometry(polygons: list[list[Ring]]) -> dict[str, Any]:
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _rgb(color: str) -> list[int]:
    return list(bytes.fromhex(color.lstrip("#")))


def read_geojson(
    path: str | os.PathLike[str],
    *,
    shape: tuple[int, int] | None = None,
    mpp: float | None = None,
    classes: str | ClassScheme | None = None,
) -> NucleusMap:
    """Read nuclei from GeoJSON, ours or QuPath's.

    Parameters
    ----------
    path : path
    shape : (int, int), optional
        Height and width of the image where the file doesn't state it; by default as large as the outlines reach.
    mpp : float, optional
        Pixel size in µm; the file's own where left out.
    classes : str or ClassScheme, optional
        The file's own, or a scheme of the classifications found.

    Returns
    -------
    NucleusMap
        A pixel is a nucleus's where its centre is inside; of two outlines the later one wins. Labels are the file's
        own; features without one are numbered behind them. Features without an area (points, lines) are left out.

    Raises
    ------
    NucleusError
        The file can't be read or isn't GeoJSON, names a class that ``classes`` lacks, or no pixel size is known.
    """
    path = Path(path)
    with reading(path, "feature collection", [".geojson", ".json"]):
        content = json.loads(path.read_text(encoding="utf-8"))
        features = content.get("features", []) if isinstance(content, dict) else content
        ours = content.get("nuclei", {}) if isinstance(content, dict) else {}
        features = [f for f in features if f["geometry"]["type"] in ("Polygon", "MultiPolygon")]
        mpp = ours.get("mpp") if mpp is None else mpp
        if mpp is None:
            raise NucleusError("Expected the pixel size (mpp), got none. Give it in µm per pixel.")
        kinds = _scheme(classes, ours, features)
        nuclei, measured = _nuclei(features, ours.get("shape") or shape or _extent(features), check_mpp(mpp), kinds)
        table = _with_measurements(nuclei.table, measured, ours.get("columns"))
        return NucleusMap(nuclei.labels, table, nuclei.mpp, nuclei.scheme)


def _scheme(classes: str | ClassScheme | None, ours: dict[str, Any], features: list[dict[str, Any]]) -> ClassScheme:
    if classes is not None:
        return scheme(classes)
    if "scheme" in ours:
        stated = ours["scheme"]
        known = SCHEMES.get(stated["name"])
        if known is not None and list(known.classes) == stated["classes"]:
            return known
        return ClassScheme(stated["name"], tuple(stated["classes"]), tuple(stated["colors"]))
    colors: dict[str, str] = {}
    for feature in features:
        name = _class_name(feature)
        if name is not None:
            color = feature["properties"]["classification"].get("color", [153, 153, 153])
            colors[name] = "#" + bytes(color).hex().upper()
    return ClassScheme("imported", tuple(colors), tuple(colors.values()))


def _class_name(feature: dict[str, Any]) -> str | None:
    """The class; QuPath gives the parts of a derived one, such as Tumor: Positive, as a list."""
    kind = feature["properties"].get("classification")
    return (kind.get("name") or ": ".join(kind["names"])) if kind else None


def _rings(feature: dict[str, Any]) -> list[Any]:
    geometry = feature["geometry"]
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [ring for polygon in polygons for ring in polygon]


def _extent(features: list[dict[str, Any]]) -> tuple[int, int]:
    corners = [np.max(ring, axis=0) for feature in features for ring in _rings(feature)]
    x, y = np.ceil(np.max(corners, axis=0)[:2]) if corners else (1, 1)
    return int(y), int(x)


def _nuclei(
    features: list[dict[str, Any]], shape: Sequence[int], mpp: float, kinds: ClassScheme
) -> tuple[NucleusMap, dict[int, dict[str, float]]]:
    """The nuclei, and the measurements of each label."""
    height, width = shape
    labels = np.zeros((height, width), np.int32)
    class_of: dict[int, int] = {}
    measured: dict[int, dict[str, float]] = {}
    for feature, label in zip(features, _labels(features), strict=True):
        properties = feature["properties"]
        rows, columns, inside = fill(_rings(feature), (height, width))
        labels[rows, columns][inside] = label
        class_of[label] = kinds.number_of(_class_name(feature) or "unknown")
        measured[label] = properties.get("measurements", {})
    return NucleusMap.from_labels(labels, mpp=mpp, classes=kinds, class_of=class_of), measured


def _labels(features: list[dict[str, Any]]) -> list[int]:
    """The label that each feature states; new ones behind those for features without."""
    properties = [feature["properties"] for feature in features]
    stated = [int(p.get("label") or p.get("metadata", {}).get("label") or 0) for p in properties]
    fresh = count(max(stated, default=0) + 1)
    return [label or next(fresh) for label in stated]


def _with_measurements(
    table: pd.DataFrame, measured: dict[int, dict[str, float]], columns: list[str] | None
) -> pd.DataFrame:
    """The table with the file's measurements behind it, or with the columns as they were written."""
    extra = pd.DataFrame.from_dict(measured, orient="index").reindex(table["label"])
    extra.index = table.index
    added = extra[[name for name in extra if name not in (_AREA, *table)]].astype(np.float64)
    table = pd.concat([table, added], axis=1)
    return table if columns is None else table.reindex(columns=columns, fill_value=np.nan)
