"""Folders of patches: images, NPZ pairs and folds of PanNuke, read patch by patch."""

from napari_nucleus.io.patches.opening import open_patches
from napari_nucleus.io.patches.patch_set import Patch, PatchSet

__all__ = ["Patch", "PatchSet", "open_patches"]
