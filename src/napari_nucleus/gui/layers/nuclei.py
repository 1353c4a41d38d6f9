"""Nuclei as a Labels layer: outlines in the colour of the class, with features that the status bar shows."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import napari.viewer
import numpy as np
from napari.layers import Labels

from napari_nucleus.app.features import features_of, nuclei_of
from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.gui.layers.colors import nucleus_colormap

_OUTLINE_PX = 2
_CHECKSUM = "nucleus_checksum"


def add_nuclei(
    viewer: napari.viewer.Viewer,
    nuclei: NucleusMap,
    hidden: Collection[str] = (),
    *,
    name: str = "nuclei",
    scale: Sequence[float] | None = None,
    translate: Sequence[float] = (0.0, 0.0),
    **options: Any,
) -> Labels:
    """Add nuclei as a layer, outlined in the colours of their classes; for predictions and truth alike.

    The layer shows a copy: painting in it never changes ``nuclei``.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    nuclei : NucleusMap
    hidden : collection of str
        Classes that aren't shown.
    name : str
    scale : (2,) float, optional
        µm per pixel, y then x; the nuclei's mpp by default.
    translate : (2,) float
        Of the first pixel, in µm.
    **options
        Of ``Viewer.add_labels``, such as ``metadata``, ``units`` or ``visible``.

    Returns
    -------
    napari.layers.Labels
        Its features hold ``index`` (the label), ``class``, ``p_<class>`` and ``area_um2``; `nuclei_in` reads it back.
    """
    metadata = {**options.pop("metadata", {}), **_facts(nuclei)}
    options = {"units": ("um", "um"), "opacity": 1.0, **options}
    layer = viewer.add_labels(
        nuclei.labels.copy(),
        name=name,
        features=features_of(nuclei),
        colormap=nucleus_colormap(nuclei, hidden),
        scale=(nuclei.mpp, nuclei.mpp) if scale is None else tuple(scale),
        translate=tuple(translate),
        metadata=metadata,
        **options,
    )
    layer.contour = _OUTLINE_PX
    return layer


def show_nuclei(layer: Labels, nuclei: NucleusMap, hidden: Collection[str] = ()) -> None:
    """Replace what a layer of `add_nuclei` shows; its name, visibility and contour stay as the user set them."""
    layer.data = nuclei.labels.copy()
    _forget_strokes(layer)
    layer.features = features_of(nuclei)
    layer.metadata = {**layer.metadata, **_facts(nuclei)}
    layer.colormap = nucleus_colormap(nuclei, hidden)


def nuclei_in(layer: Labels) -> NucleusMap:
    """The nuclei that a layer shows now, with everything that was painted.

    Raises
    ------
    NucleusError
        The layer wasn't made by `add_nuclei`, or isn't a plane.
    """
    if "classes" not in layer.metadata or "mpp" not in layer.metadata:
        raise NucleusError(f"Expected a layer of nuclei, got {layer.name!r}. Choose one that Segment nuclei made.")
    return nuclei_of(np.asarray(layer.data), layer.features, layer.metadata["classes"], layer.metadata["mpp"])


def is_touched(layer: Labels) -> bool:
    """Whether a layer of `add_nuclei` differs from what was put there."""
    return bool(layer.metadata.get(_CHECKSUM) != _checksum(np.asarray(layer.data), layer.features.get("class", ())))


def mark_touched(layer: Labels) -> None:
    """Say that a layer holds changes by hand, though it was just filled: with nuclei that were changed earlier."""
    layer.metadata.pop(_CHECKSUM, None)


def _facts(nuclei: NucleusMap) -> dict[str, Any]:
    checksum = _checksum(nuclei.labels, nuclei.table["class"])
    return {"classes": nuclei.scheme, "mpp": nuclei.mpp, _CHECKSUM: checksum}


def _checksum(labels: np.ndarray, classes: Iterable[str]) -> int:
    return zlib.crc32("\n".join(map(str, classes)).encode(), zlib.crc32(np.ascontiguousarray(labels).data))


def _forget_strokes(layer: Labels) -> None:
    """Drop the undo history: strokes on the former nuclei would be undone into the new ones."""
    mode = layer.mode
    layer.editable = False
    layer.editable = True
    layer.mode = mode
