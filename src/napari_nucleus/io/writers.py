"""What can be written of an image's nuclei, by the name of its format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusMap
from napari_nucleus.io.geojson import write_geojson
from napari_nucleus.io.labels import write_labels
from napari_nucleus.io.overlay import write_overlay
from napari_nucleus.io.table import write_csv


class Writer(NamedTuple):
    """A format of nuclei.

    Attributes
    ----------
    suffix : str
        Put behind the image's name: ``".labels.tif"``.
    write : callable
        ``write(path, nuclei, image)``; the image is (H, W, 3) uint8.
    """

    suffix: str
    write: Callable[[Path, NucleusMap, NDArray[np.uint8]], None]


WRITERS: dict[str, Writer] = {
    "labels": Writer(".labels.tif", lambda path, nuclei, image: write_labels(path, nuclei)),
    "csv": Writer(".nuclei.csv", lambda path, nuclei, image: write_csv(path, nuclei)),
    "geojson": Writer(".geojson", lambda path, nuclei, image: write_geojson(path, nuclei)),
    "overlay": Writer(".overlay.png", lambda path, nuclei, image: write_overlay(path, image, nuclei)),
}
