"""Annotated images as training takes them: opened, split, translated into one class scheme, cut into crops."""

from napari_nucleus.training.data.crops import CropSampler
from napari_nucleus.training.data.image import TrainingImage
from napari_nucleus.training.data.opening import TrainingData, open_data
from napari_nucleus.training.data.store import Images

__all__ = ["CropSampler", "Images", "TrainingData", "TrainingImage", "open_data"]
