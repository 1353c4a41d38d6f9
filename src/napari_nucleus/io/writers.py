"""What can be written of an image's nuclei, by the name of its format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError, NucleusMap
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


def check_formats(names: Iterable[str]) -> tuple[str, ...]:
    """Names of formats as they are, if all are known.

    Raises
    ------
    NucleusError
        One isn't; the message names those that are.
    """
    names = tuple(names)
    for name in names:
        if name not in WRITERS:
            raise NucleusError(f"Expected formats out of {', '.join(WRITERS)}, got {name!r}. Choose some of those.")
    return names


def write_results(
    folder: Path, name: str, nuclei: NucleusMap, image: NDArray[np.uint8], formats: Iterable[str] = tuple(WRITERS)
) -> dict[str, Path]:
    """Write nuclei in several formats, side by side: one encodes a picture while another writes text.

    Parameters
    ----------
    folder : Path
    name : str
        Of the image; each file is called that with its format's suffix.
    nuclei : NucleusMap
    image : (H, W, 3) uint8
    formats : iterable of str
        Out of `WRITERS`; all by default.

    Returns
    -------
    dict
        File by format.

    Raises
    ------
    NucleusError
        A format isn't known, or a file can't be written; the others are still written whole.
    """
    paths = {key: folder / f"{name}{WRITERS[key].suffix}" for key in check_formats(formats)}
    with ThreadPoolExecutor(max_workers=2) as pool:
        # The slowest first.
        written = [pool.submit(WRITERS[key].write, path, nuclei, image) for key, path in reversed(paths.items())]
    for job in written:
        job.result()
    return paths
