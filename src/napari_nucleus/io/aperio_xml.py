"""Outlines in the XML of Aperio ImageScope, as MoNuSAC publishes them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from napari_nucleus.core import NucleusError
from napari_nucleus.io.files import reading
from napari_nucleus.io.pixel_size import plausible_mpp


def read_aperio_xml(path: Path) -> tuple[list[tuple[str, NDArray[np.float64]]], float | None]:
    """Outlines with the names of their classes.

    Returns
    -------
    outlines : list of (str, (V, 2) float64)
        Class, and vertices x, y in pixels; those of fewer than three vertices are no nuclei.
    mpp : float or None
        Pixel size in µm where the file has a plausible one.

    Raises
    ------
    NucleusError
        The file is missing or broken, or is other XML.
    """
    with reading(path, "annotation", [".xml"]):
        root = ElementTree.parse(path).getroot()
        if root.tag != "Annotations":
            raise NucleusError(f"Expected Annotations of ImageScope, got {root.tag}. Choose the published file.")
        outlines = [
            (_class(annotation), vertices)
            for annotation in root.iter("Annotation")
            for region in annotation.iter("Region")
            if len(vertices := _vertices(region)) > 2
        ]
        size = float(root.get("MicronsPerPixel") or 0)
        return outlines, plausible_mpp(size, size)


def filled(outlines: list[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.int32]:
    """Outline i filled with i + 1, (H, W) int32; where two overlap, the later one counts."""
    labels = np.zeros(shape, np.int32)
    for i, outline in enumerate(outlines, 1):
        labels[polygon(outline[:, 1], outline[:, 0], shape)] = i
    return labels


def _class(annotation: ElementTree.Element) -> str:
    """The name stands in the layer's attribute, elsewhere in the layer itself."""
    attribute = annotation.find("./Attributes/Attribute")
    return (annotation.get("Name") if attribute is None else attribute.get("Name")) or ""


def _vertices(region: ElementTree.Element) -> NDArray[np.float64]:
    return np.array([(float(v.get("X", "")), float(v.get("Y", ""))) for v in region.iter("Vertex")]).reshape(-1, 2)
