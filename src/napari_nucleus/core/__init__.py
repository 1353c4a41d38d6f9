"""What everything else stands on: nuclei, maps, images, class schemes, progress and errors; numpy and pandas only."""

from napari_nucleus.core.errors import NucleusError
from napari_nucleus.core.image import Image, check_mpp
from napari_nucleus.core.maps import FlowMaps, HoverMaps
from napari_nucleus.core.nuclei import NucleusMap
from napari_nucleus.core.progress import Progress, drain
from napari_nucleus.core.scheme import SCHEMES, ClassScheme, numbered_scheme, own_scheme, scheme

__all__ = [
    "SCHEMES",
    "ClassScheme",
    "FlowMaps",
    "HoverMaps",
    "Image",
    "NucleusError",
    "NucleusMap",
    "Progress",
    "check_mpp",
    "drain",
    "numbered_scheme",
    "own_scheme",
    "scheme",
]
