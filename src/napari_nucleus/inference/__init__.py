"""Networks on images: tiles, devices, flips, and from image to nuclei."""

from napari_nucleus.inference.device import list_devices, resolve_device
from napari_nucleus.inference.features import nucleus_features
from napari_nucleus.inference.graph_nodes import classify_nodes
from napari_nucleus.inference.pipeline import segment, segment_steps
from napari_nucleus.inference.result import SegmentResult
from napari_nucleus.postprocess.thresholds import Thresholds

__all__ = [
    "SegmentResult",
    "Thresholds",
    "classify_nodes",
    "list_devices",
    "nucleus_features",
    "resolve_device",
    "segment",
    "segment_steps",
]
