"""The panel *Nucleus graph*."""

from napari_nucleus.gui.graph.panel import GraphPanel

__all__ = ["GraphPanel"]
