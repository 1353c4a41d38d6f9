"""How strongly and how often crops are changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_nucleus.training.augment.geometry import Move
from napari_nucleus.training.augment.light import light_jitter
from napari_nucleus.training.augment.macenko import macenko_normalise
from napari_nucleus.training.augment.reinhard import reinhard_normalise
from napari_nucleus.training.augment.sharpness import blur_once, soften
from napari_nucleus.training.augment.stain import colour_jitter
from napari_nucleus.training.recipe_fields import check_fields, number
from napari_nucleus.training.symmetry import Symmetry


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Strengths and chances of augmentation; a recipe has these fields beside its own.

    What is drawn depends on the generator alone, so that a sample with one of its own never depends on others.

    Attributes
    ----------
    flip : float
        Chance of a flip left to right, and of one top to bottom.
    quarter_turn : float
        Chance of a turn by 90°, 180° or 270°, each as likely.
    transpose : float
        Chance of a reflection in the diagonal; with flips and this at 0.5, all eight symmetries are as likely.
    rotation : float
        Largest turn by any angle, either way, in degrees.
    scale : float
        Crops are zoomed by a factor between 1/scale and scale.
    stain : float
        Strength of the jitter of each stain, tint, gamma, gain and offset (`colour_jitter`).
    brightness, contrast, saturation : float
        Each is multiplied by a factor between 1 − strength and 1 + strength.
    hue : float
        Largest turn of the hue, as a share of the full circle.
    soften : float
        Chance of losing sharpness as at half the resolution; sensor noise comes half as often.
    blur : float
        Chance of one of Gaussian, median and motion blur.
    blur_limit : int
        Largest side of their filter, in pixels.
    macenko, reinhard : float
        Chances that a crop is brought to a usual staining, by its stain vectors or else by its mean colours.

    Raises
    ------
    NucleusError
        A value is out of its range; the message names the field.
    """

    flip: float = number(0.5, least=0, most=1)
    quarter_turn: float = number(0.0, least=0, most=1)
    transpose: float = number(0.5, least=0, most=1)
    rotation: float = number(0.0, least=0, most=180)
    scale: float = number(1.25, least=1)
    stain: float = number(1.0, least=0)
    brightness: float = number(0.0, least=0)
    contrast: float = number(0.0, least=0)
    saturation: float = number(0.0, least=0)
    hue: float = number(0.0, least=0, most=0.5)
    soften: float = number(0.3, least=0, most=1)
    blur: float = number(0.0, least=0, most=1)
    blur_limit: int = number(3, least=3)
    macenko: float = number(0.0, least=0, most=1)
    reinhard: float = number(0.0, least=0, most=1)

    def __post_init__(self) -> None:
        check_fields(self)

    def move(self, rng: np.random.Generator) -> Move:
        """A change in the plane; `Cut` makes the crop from it."""
        zoom = float(np.exp(rng.uniform(-1, 1) * np.log(self.scale)))
        angle = float(rng.uniform(-1, 1) * self.rotation)
        symmetry = Symmetry.drawn(rng, flip=self.flip, quarter_turn=self.quarter_turn, transpose=self.transpose)
        return Move(zoom, angle, symmetry)

    def recolour(self, image: NDArray[np.uint8], rng: np.random.Generator) -> Tensor:
        """A crop (H, W, 3) in other colours and sharpness, (3, H, W) float32 in [0, 1]."""
        image = self._restained(np.ascontiguousarray(image), rng)
        image = soften(image, rng, self.soften)
        if rng.random() < self.blur:
            image = blur_once(image, rng, self.blur_limit)
        coloured = colour_jitter(image[None], rng, self.stain)[0] if self.stain else as_tensor(image)
        light = {
            "brightness": self.brightness,
            "contrast": self.contrast,
            "saturation": self.saturation,
            "hue": self.hue,
        }
        return light_jitter(coloured, rng, **light) if any(light.values()) else coloured

    def _restained(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        if rng.random() < self.macenko:
            return macenko_normalise(image)
        return reinhard_normalise(image) if rng.random() < self.reinhard else image


def as_tensor(image: NDArray[np.uint8]) -> Tensor:
    """An image (H, W, 3) uint8 as networks take it: (3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float() / 255


NO_AUGMENTATION = Augmentation(flip=0, transpose=0, scale=1, stain=0, soften=0)
"""Leaves every crop as it is."""
