"""The models by name: their builders and cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn

from napari_nucleus.core.errors import NucleusError
from napari_nucleus.core.scheme import ClassScheme, scheme

Builder = TypeVar("Builder", bound=Callable[..., nn.Module])

_BUILDERS: dict[str, Callable[..., nn.Module]] = {}


def register_model(build: Builder) -> Builder:
    """Enrol a builder ``name(n_classes, **options) -> nn.Module`` under its own name."""
    _BUILDERS[build.__name__] = build
    return build


def create_model(name: str, classes: str | ClassScheme = "consep", **options: Any) -> nn.Module:
    """A model with fresh random weights.

    Raises
    ------
    NucleusError
        There is no such model; the message names those that exist.
    """
    import napari_nucleus.models.nucleus_small  # noqa: F401

    if name not in _BUILDERS:
        raise NucleusError(f"Expected a model ({', '.join(_BUILDERS)}), got {name!r}. Choose one of those.")
    return _BUILDERS[name](len(scheme(classes)), **options)
