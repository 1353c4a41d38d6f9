"""Cross-relabelling: two data sets refine each other's broad classes (Shvetsov et al. 2025, §2)."""

from napari_nucleus.training.relabel.job import RelabelRun, cross_relabel
from napari_nucleus.training.relabel.recipe import CellSource, RelabelRecipe
from napari_nucleus.training.relabel.tiles import equal_tiles

__all__ = ["CellSource", "RelabelRecipe", "RelabelRun", "cross_relabel", "equal_tiles"]
