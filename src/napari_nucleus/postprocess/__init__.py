"""Maps to nuclei."""

from napari_nucleus.postprocess.flows import decode_flows
from napari_nucleus.postprocess.hover import decode_hover
from napari_nucleus.postprocess.thresholds import Thresholds

__all__ = ["Thresholds", "decode_flows", "decode_hover"]
