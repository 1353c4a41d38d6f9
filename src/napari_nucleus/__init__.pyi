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
from .evaluation import Case as Case
from .evaluation import Evaluation as Evaluation
from .evaluation import compare as compare
from .evaluation import composition as composition
from .evaluation import evaluate as evaluate
from .inference import SegmentResult as SegmentResult
from .inference import Thresholds as Thresholds
from .inference import list_devices as list_devices
from .inference import nucleus_features as nucleus_features
from .inference import segment as segment
from .inference import segment_steps as segment_steps
from .io import read_image as read_image
from .io import read_nuclei as read_nuclei
from .models import create_model as create_model
from .models import list_models as list_models
from .models import load_model as load_model

__version__: str
