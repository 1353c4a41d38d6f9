from napari_nucleus.core import SCHEMES as SCHEMES
from napari_nucleus.core import ClassScheme as ClassScheme
from napari_nucleus.core import FlowMaps as FlowMaps
from napari_nucleus.core import HoverMaps as HoverMaps
from napari_nucleus.core import Image as Image
from napari_nucleus.core import NucleusError as NucleusError
from napari_nucleus.core import NucleusMap as NucleusMap
from napari_nucleus.core import Progress as Progress

__version__: str
