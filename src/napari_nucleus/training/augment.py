"""Augmentation of crops: sharpness, stain and light. Geometry belongs to `training.datasets`."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Optical densities of haematoxylin, eosin and DAB (Ruifrok and Johnston 2001), a row a stain.
_STAINS = torch.tensor([[0.650, 0.704, 0.286], [0.072, 0.990, 0.105], [0.268, 0.570, 0.776]])


def soften(image: NDArray[np.uint8], rng: np.random.Generator, chance: float = 0.3) -> NDArray[np.uint8]:
    """Sometimes an image loses sharpness, as a scan at half the resolution does, or gains sensor noise.

    Parameters
    ----------
    image : (H, W, 3) uint8
    chance : float
        Of going down by a factor of 1.3 to 2.2 and back up; noise comes half as often.
    """
    if rng.random() < chance:
        height, width = image.shape[:2]
        factor = rng.uniform(1.3, 2.2)
        small = cv2.resize(image, (round(width / factor), round(height / factor)), interpolation=cv2.INTER_AREA)
        image = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    if rng.random() < chance / 2:
        grain = rng.integers(-10, 11, image.shape[:2], np.int16)[..., None]
        image = np.clip(image + grain, 0, 255).astype(np.uint8)
    return image


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

    stains = _STAINS / _STAINS.norm(dim=1, keepdim=True)
    gamma = draw(0.25, 1, 1).exp()
    mix = gamma * (torch.linalg.inv(stains) @ (draw(0.42, 3, 1).exp() * stains))  # density row @ mix, (B, 3, 3)
    shift = draw(0.05, 3, 1) - torch.log1p(draw(0.12, 1, 1))
    density_of = -torch.log(torch.arange(256).clamp(1) / 255)
    density = density_of[torch.from_numpy(images.reshape(batch, -1, 3)).long()].transpose(1, 2)  # (B, 3, H·W)
    jittered = torch.baddbmm(shift, mix.transpose(1, 2), density).neg_().exp_().add_(draw(0.08, 1, 1)).clamp_(0, 1)
    return jittered.view(batch, 3, height, width)
