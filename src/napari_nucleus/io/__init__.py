"""Files in and out: images, labels, tables, outlines, overlays and maps; one module a format."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
