"""Fine-tuning: a trained model goes on learning from a few images, and is held to what it knew."""

from napari_nucleus.training.finetune.job import fine_tune, verdict
from napari_nucleus.training.finetune.recipe import FineTuneRecipe

__all__ = ["FineTuneRecipe", "fine_tune", "verdict"]
