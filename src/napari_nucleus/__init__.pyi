from .core import SCHEMES as SCHEMES
from .core import ClassScheme as ClassScheme
from .core import FlowMaps as FlowMaps
from .core import HoverMaps as HoverMaps
from .core import Image as Image
from .core import NucleusError as NucleusError
from .core import NucleusMap as NucleusMap
from .core import Progress as Progress
from .core import drain as drain
from .core import scheme as scheme

__version__: str
