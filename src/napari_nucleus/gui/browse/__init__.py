"""The panel *Browse patches*."""

from napari_nucleus.gui.browse.panel import BrowsePanel

__all__ = ["BrowsePanel"]
