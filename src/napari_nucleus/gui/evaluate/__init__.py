"""The panel *Evaluate*."""

from napari_nucleus.gui.evaluate.panel import EvaluatePanel

__all__ = ["EvaluatePanel"]
