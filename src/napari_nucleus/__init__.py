"""Nuclei in H&E histopathology: segment, classify, connect and correct them, in napari and without it.

The public names load on first use; importing the package loads neither torch nor Qt.
"""

import lazy_loader as _lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
