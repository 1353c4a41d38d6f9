"""Stain normalisation by mean and spread of the colours (Reinhard et al. 2001)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.training.augment.stain import optical_density, tissue

# Red, green and blue to the cones' responses, and their logarithms to l, α, β (Reinhard et al. 2001, eq. 4 and 6).
_LMS = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
_LAB = np.diag(1 / np.sqrt([3, 6, 2])) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])
# Mean density from which a pixel takes its new colour in full; from there to glass it keeps more and more of its own.
_FULL = 0.15


@dataclass(frozen=True, eq=False)
class ColourStatistics:
    """Mean and standard deviation, (3,) float each, of l, α and β over an image's tissue."""

    mean: NDArray[np.floating]
    spread: NDArray[np.floating]


# As `colours_of` finds them on the annotated tile that comes with the plugin (CoNSeP).
REFERENCE = ColourStatistics(np.array([-0.355, -0.0803, 0.0122]), np.array([0.2022, 0.0622, 0.0068]))


def colours_of(image: NDArray[np.uint8]) -> ColourStatistics | None:
    """The colours of an image's tissue, (H, W, 3) uint8; None where there is too little of it."""
    stained = tissue(optical_density(image))
    if stained is None:
        return None
    lab = _lab(image[stained])
    return ColourStatistics(lab.mean(0), lab.std(0))


def reinhard_normalise(image: NDArray[np.uint8], to: ColourStatistics = REFERENCE) -> NDArray[np.uint8]:
    """The image with the mean and spread of colours of another one.

    The paper matches whole photographs; here tissue alone is measured, and glass stays as it is, since how much of it
    a crop shows says nothing of the stain.

    Parameters
    ----------
    image : (H, W, 3) uint8
        With less than 5 % tissue it is given back as it is.
    to : ColourStatistics
        Of an image to be like (`colours_of`).

    Returns
    -------
    (H, W, 3) uint8

    Raises
    ------
    NucleusError
        The image isn't (H, W, 3) uint8.
    """
    found = colours_of(image)
    if found is None:
        return image
    scale = to.spread / np.maximum(found.spread, 1e-6)
    # Shifting and scaling l, α and β, and from there back to the cones' logarithms, is one linear step.
    back = np.linalg.inv(_LAB).T
    logarithms = _lab(image.reshape(-1, 3)) @ _32(scale[:, None] * back) + _32((to.mean - found.mean * scale) @ back)
    coloured = (255 * np.exp(np.log(10) * logarithms) @ _32(np.linalg.inv(_LMS).T)).clip(0, 255).reshape(image.shape)
    share = np.clip(optical_density(image).mean(2, keepdims=True) / _FULL, 0, 1)
    return (image + share * (coloured - image) + 0.5).astype(np.uint8)


def _lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """l, α, β of pixels (N, 3)."""
    rgb = np.maximum(pixels, 1).astype(np.float32) / 255
    return np.log10(rgb @ _32(_LMS.T)) @ _32(_LAB.T)


def _32(matrix: NDArray[np.floating]) -> NDArray[np.float32]:
    return matrix.astype(np.float32)
