"""The panel *Correct nuclei*."""

from napari_nucleus.gui.correct.panel import CorrectPanel

__all__ = ["CorrectPanel"]
