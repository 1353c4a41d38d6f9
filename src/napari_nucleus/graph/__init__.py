"""Graphs of nuclei: who is whose neighbour, what they look like in words, and what their neighbours make of them."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
