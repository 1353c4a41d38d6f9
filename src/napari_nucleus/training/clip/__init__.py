"""The embedded CLIP learns nuclei and the words for them."""

from napari_nucleus.training.clip.job import train_clip
from napari_nucleus.training.clip.recipe import ClipRecipe, ClipSource

__all__ = ["ClipRecipe", "ClipSource", "train_clip"]
