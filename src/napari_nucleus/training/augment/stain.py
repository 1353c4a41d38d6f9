"""Optical density, and jitter of the stains in it (Ruifrok and Johnston 2001; Tellez et al. 2018)."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_nucleus.core import NucleusError

# Optical densities of haematoxylin, eosin and DAB (Ruifrok and Johnston 2001), a row a stain.
_STAINS = ((0.650, 0.704, 0.286), (0.072, 0.990, 0.105), (0.268, 0.570, 0.776))
# Mean density above which a pixel is tissue rather than glass, and the share of such that tells anything of the stain.
_TISSUE = 0.15
_ENOUGH = 0.05


@cache
def _density_of() -> NDArray[np.float32]:
    """Density of each of the 256 values of a pixel; 0 is taken as 1, since black has no logarithm."""
    return -np.log(np.maximum(np.arange(256, dtype=np.float32), 1) / 255)


def optical_density(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """−ln(I/255) of an image (H, W, 3), the same shape.

    Raises
    ------
    NucleusError
        The image isn't (H, W, 3) uint8.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise NucleusError(
            f"Expected an image (height, width, 3) of uint8, got {image.shape} of {image.dtype}. Convert it to RGB."
        )
    return _density_of()[image]


def tissue(density: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Pixels (H, W) that are stained; None where they are too few to tell anything of the stain."""
    stained = density.mean(2) > _TISSUE
    return stained if stained.mean() >= _ENOUGH else None


def colour_jitter(images: NDArray[np.uint8], rng: np.random.Generator, strength: float = 1.0) -> Tensor:
    """Scale each stain of each image by a factor of its own, and change its tint, gamma, gain and offset.

    In optical density unmixing, scaling, mixing back and gamma are linear, so that one 3×3 matrix an image does them
    all; tint and gain are a shift.

    Parameters
    ----------
    images : (B, H, W, 3) uint8
    strength : float
        0 leaves the images as they are; 1 scales haematoxylin and eosin by 0.64 to 1.5.

    Returns
    -------
    (B, 3, H, W) float32 in [0, 1]
    """
    batch, height, width, _ = images.shape

    def draw(reach: float, *shape: int) -> Tensor:
        return torch.from_numpy(rng.uniform(-reach, reach, (batch, *shape)).astype(np.float32)) * strength

    stains = torch.tensor(_STAINS)
    stains /= stains.norm(dim=1, keepdim=True)
    gamma = draw(0.25, 1, 1).exp()
    mix = gamma * (torch.linalg.inv(stains) @ (draw(0.42, 3, 1).exp() * stains))  # density row @ mix, (B, 3, 3)
    shift = draw(0.05, 3, 1) - torch.log1p(draw(0.12, 1, 1))
    grey = torch.from_numpy(images.reshape(batch, -1, 3).astype(np.int64))
    density = torch.from_numpy(_density_of())[grey].transpose(1, 2)
    jittered = torch.baddbmm(shift, mix.transpose(1, 2), density).neg_().exp_().add_(draw(0.08, 1, 1)).clamp_(0, 1)
    return jittered.view(batch, 3, height, width)
