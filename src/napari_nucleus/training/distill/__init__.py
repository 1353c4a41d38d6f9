"""Distillation: a student learns from a teacher and from labels."""

from napari_nucleus.training.distill.comparison import Comparison, ScoredImage, compare_models
from napari_nucleus.training.distill.ensemble import Ensemble
from napari_nucleus.training.distill.recipe import DistillRecipe, PlainSource
from napari_nucleus.training.distill.run import compare_run, distill, scored_images
from napari_nucleus.training.distill.task import DistillTask

__all__ = [
    "Comparison",
    "DistillRecipe",
    "DistillTask",
    "Ensemble",
    "PlainSource",
    "ScoredImage",
    "compare_models",
    "compare_run",
    "distill",
    "scored_images",
]
