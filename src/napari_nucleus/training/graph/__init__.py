"""Graph classifiers: from annotated images to weights, and the ablation of what they read."""

from napari_nucleus.training.graph.ablation import graph_ablation
from napari_nucleus.training.graph.job import train_graph
from napari_nucleus.training.graph.recipe import GraphRecipe

__all__ = ["GraphRecipe", "graph_ablation", "train_graph"]
