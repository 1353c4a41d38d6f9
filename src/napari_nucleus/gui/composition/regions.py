"""Regions of a Shapes or Labels layer in the pixels of a layer of nuclei, however the two lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pint
from napari.layers import Labels, Shapes
from numpy.typing import NDArray

from napari_nucleus.app.composition_state import PaintedRegions
from napari_nucleus.gui.evaluate.form import labels_source
from napari_nucleus.gui.segment.source import ellipse_outline
from napari_nucleus.io.regions import numbered

_AREAS = ("rectangle", "ellipse", "polygon")


def regions_in(layer: Any, nuclei: Labels) -> PaintedRegions | dict[str, list[NDArray[np.float64]]]:
    """What a layer shows now, copied.

    Parameters
    ----------
    layer : napari.layers.Shapes or napari.layers.Labels
        Rectangles, ellipses and polygons count, named by the feature ``name`` where there is one.
    nuclei : napari.layers.Labels

    Raises
    ------
    NucleusError
        Labels have several levels.
    """
    matrix = matrix_between(layer, nuclei)
    if isinstance(layer, Labels):
        return PaintedRegions(labels_source(layer).labels, matrix)
    drawn = [i for i, kind in enumerate(layer.shape_type) if kind in _AREAS]
    names = numbered(_name(layer, i) for i in drawn)
    return {name: [_outline(layer, i) @ matrix[:, :2].T + matrix[:, 2]] for name, i in zip(names, drawn, strict=True)}


def matrix_between(layer: Any, nuclei: Labels) -> NDArray[np.float64]:
    """From pixels of one layer to those of another, (2, 3): a step down, a step across, and the first pixel."""
    ratio = _ratio(layer.units[-1], nuclei.units[-1])

    def place(y: float, x: float) -> NDArray[np.float64]:
        world = np.array(layer.data_to_world((0,) * (layer.ndim - 2) + (y, x)))[-2:] * ratio
        return np.asarray(nuclei.world_to_data(world))[-2:]

    first = place(0, 0)
    return np.column_stack([place(1, 0) - first, place(0, 1) - first, first])


def _ratio(unit: pint.Unit, other: pint.Unit) -> float:
    """How many of another unit one is; pixels and lengths are taken as they stand, as napari does."""
    try:
        return float((1 * unit).to(other).magnitude)
    except pint.DimensionalityError:
        return 1.0


def _outline(layer: Shapes, i: int) -> NDArray[np.float64]:
    corners = np.asarray(layer.data[i], np.float64)[:, -2:]
    return ellipse_outline(corners) if layer.shape_type[i] == "ellipse" else corners


def _name(layer: Shapes, i: int) -> str:
    """The shape's name; its number, from 1, where it has none."""
    given = layer.features["name"].iloc[i] if "name" in layer.features else None
    return str(given).strip() if isinstance(given, str) and given.strip() else f"region {i + 1}"
