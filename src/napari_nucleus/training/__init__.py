"""From annotated images to a trained model: recipes, targets, losses, the loop."""

from napari_nucleus.training.loop import Run, fit
from napari_nucleus.training.recipe import DataSource, Recipe, read_recipe

__all__ = ["DataSource", "Recipe", "Run", "fit", "read_recipe"]
