"""Whole slides through OpenSlide, read lazily level by level."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from openslide import PROPERTY_NAME_MPP_X, PROPERTY_NAME_MPP_Y, OpenSlide

from napari_nucleus.core import NucleusError
from napari_nucleus.io.lazy import LazyLevel
from napari_nucleus.io.pixel_size import plausible_mpp
from napari_nucleus.io.rgb import as_rgb


def read_slide(path: Path) -> tuple[tuple[LazyLevel, ...], float | None]:
    """Levels of a slide, full resolution first, and its pixel size in µm where the file has a plausible one."""
    if vendor(path) is None:
        raise NucleusError(
            "Expected a slide that OpenSlide can read, got something else. Export it as a pyramidal TIFF."
        )
    slide = OpenSlide(path)
    levels = tuple(
        LazyLevel(height, width, partial(_window, slide, level))
        for level, (width, height) in enumerate(slide.level_dimensions)
    )
    sizes = [slide.properties.get(name) for name in (PROPERTY_NAME_MPP_X, PROPERTY_NAME_MPP_Y)]
    x, y = (float(size) if size else None for size in sizes)
    return levels, plausible_mpp(x, y)


def vendor(path: Path) -> str | None:
    """The maker's format as OpenSlide names it; None where OpenSlide doesn't know the file."""
    found: str | None = OpenSlide.detect_format(path)
    return found


def _window(slide: OpenSlide, level: int, y: int, x: int, height: int, width: int) -> NDArray[np.uint8]:
    """Pixels of one level; what was never scanned is white. OpenSlide reads from many threads at once."""
    full_width, full_height = slide.level_dimensions[0]
    level_width, level_height = slide.level_dimensions[level]
    corner = round(x * full_width / level_width), round(y * full_height / level_height)
    return as_rgb(np.asarray(slide.read_region(corner, level, (width, height))))
