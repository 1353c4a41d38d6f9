"""From annotated images to a trained model: recipes, targets, losses, the loop."""

from napari_nucleus.training.clip import train_clip
from napari_nucleus.training.distill import DistillRecipe, PlainSource, distill
from napari_nucleus.training.finetune import FineTuneRecipe, fine_tune
from napari_nucleus.training.fit import fit
from napari_nucleus.training.graph import GraphRecipe, train_graph
from napari_nucleus.training.loop import train
from napari_nucleus.training.publish import publish
from napari_nucleus.training.recipe import DataSource, Recipe, read_recipe
from napari_nucleus.training.relabel import CellSource, RelabelRecipe, RelabelRun, cross_relabel, equal_tiles
from napari_nucleus.training.run import Run
from napari_nucleus.training.task import Batch, Task

__all__ = [
    "Batch",
    "CellSource",
    "DataSource",
    "DistillRecipe",
    "FineTuneRecipe",
    "GraphRecipe",
    "PlainSource",
    "Recipe",
    "RelabelRecipe",
    "RelabelRun",
    "Run",
    "Task",
    "cross_relabel",
    "distill",
    "equal_tiles",
    "fine_tune",
    "fit",
    "publish",
    "read_recipe",
    "train",
    "train_clip",
    "train_graph",
]
