"""The panel *Train*."""

from napari_nucleus.gui.train.panel import TrainPanel

__all__ = ["TrainPanel"]
