"""Stain normalisation by stain vectors (Macenko et al. 2009)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.training.augment.stain import optical_density, tissue

# Extremes are taken as percentiles, since single pixels may be anything (Macenko et al. 2009, §2: α = 1).
_EXTREME = 1.0
# Stain vectors closer than this (sine of their angle) are one stain: nothing could be unmixed.
_ONE_STAIN = 0.05
# As many pixels tell the stains of an image as well as all do.
_POINTS = 20_000


@dataclass(frozen=True, eq=False)
class Stains:
    """How an image is stained.

    Attributes
    ----------
    vectors : (2, 3) float
        Optical density of haematoxylin, then eosin, in red, green and blue; rows of length 1.
    strength : (2,) float
        How much of each the deepest stained pixels have (99th percentile).
    """

    vectors: NDArray[np.floating]
    strength: NDArray[np.floating]


# A usual H&E, as public implementations of the paper have it.
REFERENCE = Stains(np.array([[0.5626, 0.7201, 0.4062], [0.2159, 0.8012, 0.5581]]), np.array([1.9705, 1.0308]))


def stains_of(image: NDArray[np.uint8]) -> Stains | None:
    """The stains of an image (H, W, 3); None where it has too little tissue or a single stain.

    The densities of stained pixels lie in a plane, spanned by their two main directions; the stains are the outermost
    directions in it.

    Raises
    ------
    NucleusError
        The image isn't (H, W, 3) uint8.
    """
    density = optical_density(image)
    stained = tissue(density)
    if stained is None:
        return None
    points = density[stained].astype(np.float64)
    points = points[:: max(1, len(points) // _POINTS)]  # (N, 3)
    plane = np.linalg.eigh(np.cov(points.T))[1][:, :0:-1]  # (3, 2), the main direction first
    plane *= np.where(plane.sum(0) < 0, -1, 1)
    flat = points @ plane
    angles = np.percentile(np.arctan2(flat[:, 1], flat[:, 0]), (_EXTREME, 100 - _EXTREME))
    ends = np.stack([np.cos(angles), np.sin(angles)], 1) @ plane.T
    # Haematoxylin takes more of the red light than eosin does.
    vectors = ends[np.argsort(-ends[:, 0] / np.abs(ends).sum(1))]
    if np.linalg.norm(np.cross(*vectors)) < _ONE_STAIN:
        return None
    amounts = points @ np.linalg.pinv(vectors)
    return Stains(vectors, np.percentile(amounts, 100 - _EXTREME, axis=0))


def macenko_normalise(image: NDArray[np.uint8], to: Stains = REFERENCE) -> NDArray[np.uint8]:
    """The image as if it had been stained like another one.

    Parameters
    ----------
    image : (H, W, 3) uint8
        With too little tissue to tell its stains (less than 5 %), or a single stain, it is given back as it is.
    to : Stains
        Of an image to be like (`stains_of`).

    Returns
    -------
    (H, W, 3) uint8
        White stays white.

    Raises
    ------
    NucleusError
        The image isn't (H, W, 3) uint8.
    """
    found = stains_of(image)
    if found is None or (found.strength <= 0).any():
        return image
    change = np.linalg.pinv(found.vectors) * (to.strength / found.strength) @ to.vectors  # (3, 3)
    transmitted = np.exp(optical_density(image) @ -change.astype(np.float32))
    return (255 * np.minimum(transmitted, 1) + 0.5).astype(np.uint8)
