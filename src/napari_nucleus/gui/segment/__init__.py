"""The panel *Segment nuclei*."""

from napari_nucleus.gui.segment.panel import SegmentPanel

__all__ = ["SegmentPanel"]
