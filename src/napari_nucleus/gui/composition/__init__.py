"""The panel *Composition*."""

from napari_nucleus.gui.composition.panel import CompositionPanel

__all__ = ["CompositionPanel"]
