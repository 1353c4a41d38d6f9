"""A picture of the image with its nuclei outlined by class."""

from __future__ import annotations

import os

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io.raster import write_png

_UNKNOWN = "#000000"
_SMALL_PX = 120  # smaller nuclei keep one pixel of outline, or nothing of them would be seen


def draw_overlay(image: NDArray[np.uint8], nuclei: NucleusMap, *, legend: bool = False) -> NDArray[np.uint8]:
    """Nuclei outlined in the colour of their class.

    Parameters
    ----------
    image : (H, W, 3) uint8 array
    nuclei : NucleusMap
    legend : bool
        Add a strip below with every class, its colour and its number of nuclei.

    Returns
    -------
    (H, W, 3) uint8 array
        Higher by the strip where a legend is drawn.

    Raises
    ------
    NucleusError
        Image and nuclei differ in size.
    """
    if image.shape[:2] != nuclei.labels.shape:
        raise NucleusError(
            f"Expected an image of {nuclei.labels.shape} pixels as the nuclei, got {image.shape[:2]}. "
            "Give the image that they were found in."
        )
    colors = np.array([_rgb(color) for color in (_UNKNOWN, *nuclei.scheme.colors)], np.uint8)
    borders = _borders(nuclei)
    drawn = np.array(image, np.uint8)
    drawn[borders] = colors[nuclei.type_map()[borders]]
    return np.concatenate([drawn, _legend(nuclei, drawn.shape[1])]) if legend else drawn


def write_overlay(path: str | os.PathLike[str], image: NDArray[np.uint8], nuclei: NucleusMap) -> None:
    """Write the overlay with its legend as PNG.

    Raises
    ------
    NucleusError
        Image and nuclei differ in size, or the file can't be written.
    """
    write_png(path, draw_overlay(image, nuclei, legend=True))


def _borders(nuclei: NucleusMap) -> NDArray[np.bool_]:
    """Pixels of nuclei at their edge, two deep where the nucleus is large enough."""
    labels = nuclei.labels
    edge = np.zeros(labels.shape, bool)
    down, right = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= right
    edge[:, :-1] |= right
    large = np.zeros(int(labels.max(initial=0)) + 1, bool)
    large[nuclei.table["label"].to_numpy()] = nuclei.table["area_um2"] >= _SMALL_PX * nuclei.mpp**2
    deeper = cv2.dilate(edge.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))).astype(bool)
    borders: NDArray[np.bool_] = (labels > 0) & (edge | (deeper & large[labels]))
    return borders


def _legend(nuclei: NucleusMap, width: int) -> NDArray[np.uint8]:
    """A white strip with a swatch, the name and the number of nuclei of each class; as many lines as it takes."""
    size = int(np.clip(width / 60, 11, 48))
    font = ImageFont.load_default(size)
    colors = dict(zip(nuclei.scheme.classes, nuclei.scheme.colors, strict=True))
    entries = [(f"{name} {count:,}", colors.get(name, _UNKNOWN)) for name, count in nuclei.counts().items()]
    places: list[tuple[int, int]] = []
    x, y = size, size // 2
    for text, _ in entries:
        entry_width = int(2 * size + font.getlength(text))
        if x > size and x + entry_width > width:
            x, y = size, y + 3 * size // 2
        places.append((x, y))
        x += entry_width + size
    strip = Image.new("RGB", (width, y + 2 * size), "white")
    draw = ImageDraw.Draw(strip)
    for (text, color), (x, y) in zip(entries, places, strict=True):
        draw.rectangle((x, y + size // 8, x + size, y + size // 8 + size), fill=color)
        draw.text((x + 3 * size // 2, y), text, fill="black", font=font)
    return np.asarray(strip)


def _rgb(color: str) -> list[int]:
    return list(bytes.fromhex(color.lstrip("#")))
