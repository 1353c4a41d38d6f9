"""Size, shape, stain and crowding of every nucleus of a label map."""

from napari_nucleus.graph.measurements.morphology import morphology

__all__ = ["morphology"]
