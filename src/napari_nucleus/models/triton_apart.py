"""Loads triton so that it gets along with OpenGL; import this before timm and torchvision, which import triton.

Mesa's software renderer brings LLVM into a process that has opened a napari window, and triton brings another one.
Bound to the symbols of the former, triton crashes while it is imported (as in pytorch/pytorch#96060); bound to its own
first, it doesn't.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module


def _load() -> None:
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
    try:
        with suppress(ImportError):  # builds of torch for the CPU alone come without
            import_module("triton")
    finally:
        sys.setdlopenflags(flags)


if hasattr(os, "RTLD_DEEPBIND") and "triton" not in sys.modules:  # glibc alone has it
    _load()
