"""Augmentation of crops: geometry, sharpness, stain and light."""

from napari_nucleus.training.augment.augmentation import NO_AUGMENTATION, Augmentation, as_tensor
from napari_nucleus.training.augment.geometry import GLASS, Cut, Move
from napari_nucleus.training.augment.light import light_jitter
from napari_nucleus.training.augment.macenko import Stains, macenko_normalise, stains_of
from napari_nucleus.training.augment.reinhard import ColourStatistics, colours_of, reinhard_normalise
from napari_nucleus.training.augment.sharpness import blur_once, soften
from napari_nucleus.training.augment.stain import colour_jitter, optical_density

__all__ = [
    "GLASS",
    "NO_AUGMENTATION",
    "Augmentation",
    "ColourStatistics",
    "Cut",
    "Move",
    "Stains",
    "as_tensor",
    "blur_once",
    "colour_jitter",
    "colours_of",
    "light_jitter",
    "macenko_normalise",
    "optical_density",
    "reinhard_normalise",
    "soften",
    "stains_of",
]
