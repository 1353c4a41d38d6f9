"""Bundled pictures of real tissue; `samples/SOURCES.md` tells where they come from."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from napari_nucleus.core import Image, NucleusMap
from napari_nucleus.io.npy import array_in
from napari_nucleus.io.registry import read_image


def consep_tile() -> tuple[Image, NucleusMap]:
    """A test tile of CoNSeP, 1000×1000 pixels of 0.25 µm, with its annotated nuclei (scheme ``consep``)."""
    image = read_image(_path("consep_test_10.jpg"), mpp=0.25)
    path = _path("consep_test_10.npz")
    inst, kinds = array_in(path, "inst"), array_in(path, "type")
    return image, NucleusMap.from_labels(inst, mpp=0.25, classes="consep", type_map=kinds)


def slide_region() -> Image:
    """A region of the slide CMU-1, 1152×896 pixels of 0.499 µm, lazily and in two levels."""
    return read_image(_path("cmu_1_region.tif"))


def _path(name: str) -> Path:
    """Where a sample lies; the package is always installed as files, never as a zip."""
    with as_file(files("napari_nucleus") / "samples" / name) as path:
        return path
