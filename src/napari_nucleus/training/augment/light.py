"""Jitter of brightness, contrast, saturation and hue, as photographs have it (Zhang et al. 2025, §4.2)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Red, green and blue as luma and two chroma axes (YIQ of NTSC): hue is the angle between the latter.
_YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])


def light_jitter(
    image: Tensor,
    rng: np.random.Generator,
    *,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    hue: float = 0.0,
) -> Tensor:
    """Change an image's brightness, contrast, saturation and hue.

    All four are linear, hue being turned about the axis of grey: one 3×3 matrix an image. Values are cut to [0, 1]
    once, at the end.

    Parameters
    ----------
    image : (3, H, W) float32 in [0, 1]
    brightness, contrast, saturation : float
        Each is multiplied by a factor between 1 − strength and 1 + strength.
    hue : float
        Largest turn either way, as a share of the full circle: 0.5 allows any hue.

    Returns
    -------
    (3, H, W) float32 in [0, 1]
    """
    bright, sharp, vivid = (max(0.0, rng.uniform(1 - s, 1 + s)) for s in (brightness, contrast, saturation))
    matrix = _turned(vivid, rng.uniform(-hue, hue) * 2 * np.pi)
    luma = torch.from_numpy(_YIQ[:1].astype(np.float32))
    grey = (luma @ image.flatten(1).mean(1)).item()  # contrast fades to the image's mean grey
    mixed = torch.from_numpy((bright * sharp * matrix).astype(np.float32)) @ image.flatten(1)
    return mixed.add_(bright * (1 - sharp) * grey).clamp_(0, 1).view_as(image)


def _turned(saturation: float, angle: float) -> NDArray[np.float64]:
    """The matrix that scales the chroma of a colour and turns its hue; grey stays grey."""
    c, s = saturation * np.cos(angle), saturation * np.sin(angle)
    turned: NDArray[np.float64] = np.linalg.inv(_YIQ) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ _YIQ
    return turned
