"""From annotated images to a trained model: recipes, targets, losses, the loop."""

from napari_nucleus.training.fit import fit
from napari_nucleus.training.loop import train
from napari_nucleus.training.publish import publish
from napari_nucleus.training.recipe import DataSource, Recipe, read_recipe
from napari_nucleus.training.run import Run
from napari_nucleus.training.task import Batch, Task

__all__ = ["Batch", "DataSource", "Recipe", "Run", "Task", "fit", "publish", "read_recipe", "train"]
