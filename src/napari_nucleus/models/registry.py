"""Architectures by name: `create_model` builds one with fresh weights."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from torch import nn

from napari_nucleus.core import ClassScheme, NucleusError, scheme

Builder = TypeVar("Builder", bound=Callable[..., nn.Module])

_BUILDERS: dict[str, Callable[..., nn.Module]] = {}
_CELL_MODELS: set[str] = set()
# Modules that enrol themselves when they are imported.
_ARCHITECTURES = (
    "cell_resnet50",
    "hovernet",
    "hovernet_seresnext",
    "mobilevit_unet",
    "msanet",
    "nucleus_clip",
    "nucleus_small",
    "unetr_hoptimus0",
)


def register_model(build: Builder) -> Builder:
    """Enrol a builder ``name(n_classes, **options) -> nn.Module`` under its own name.

    A dense network has ``size_multiple``, what its input's sides must be multiples of, ``targets``, the names of what
    it is taught beside nucleus and type (``hv``, ``flow``, ``boundary``), and ``features(image)``, the last feature
    map, which its head for types reads, over the whole image at any stride.
    """
    _BUILDERS[build.__name__] = build
    return build


def register_cell_model(build: Builder) -> Builder:
    """As `register_model`, for a network that answers crops of single nuclei with their class, and can't segment."""
    _CELL_MODELS.add(build.__name__)
    return register_model(build)


def architectures() -> list[str]:
    """Names of all registered architectures."""
    for module in _ARCHITECTURES:
        import_module(f"napari_nucleus.models.{module}")
    return sorted(_BUILDERS)


def is_dense(architecture: str) -> bool:
    """Whether an architecture answers an image with maps of its size, so that it can segment."""
    architectures()
    return architecture not in _CELL_MODELS


def documented(name: str) -> tuple[str, str]:
    """What an architecture is in a line, and where it comes from: its builder's and its file's docstring."""
    build = _BUILDERS[name]
    paragraphs = (sys.modules[build.__module__].__doc__ or "").split("\n\n")
    origin = " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""
    return (build.__doc__ or "").split("\n")[0], origin


def create_model(name: str, classes: str | ClassScheme = "consep", **options: Any) -> nn.Module:
    """A network with fresh random weights, to be trained; `load_model` gives a trained one.

    Parameters
    ----------
    name : str
        One of `architectures`.
    classes : str or ClassScheme
    **options
        Of the architecture, such as ``encoder``.

    Raises
    ------
    NucleusError
        There is no such architecture, which the message answers with those that exist, or it has no such option.
    """
    known = architectures()
    if name not in known:
        raise NucleusError(f"Expected an architecture ({', '.join(known)}), got {name!r}. Choose one of those.")
    n_classes = len(scheme(classes))
    try:
        return _BUILDERS[name](n_classes, **options)
    except TypeError as error:
        if not options:
            raise
        raise NucleusError(f"Expected options of {name}, got {options}: {error}. Correct them.") from error
