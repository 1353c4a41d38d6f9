"""What each layout asks of images and annotations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusError


def fitting(labels: NDArray, image: Image) -> NDArray:
    """Labels as they are, if they have the size of their image.

    Raises
    ------
    NucleusError
        They have another.
    """
    if labels.shape != image.shape:
        raise NucleusError(
            f"Expected an annotation of {image.shape} pixels as the image, got {labels.shape}. Annotate this image."
        )
    return labels


def require_partners(images: Mapping[str, Path]) -> None:
    """Refuse annotations whose image isn't there.

    Parameters
    ----------
    images : mapping of str to Path
        Where the image of each annotation should lie.

    Raises
    ------
    NucleusError
        Names the first one that is missing, and their number.
    """
    missing = [path for path in images.values() if not path.exists()]
    if missing:
        raise NucleusError(
            f"Expected an image for each of {len(images)} annotations, got none for {len(missing)}. "
            f"Put it there, or take the annotation away. File: {missing[0]}"
        )
