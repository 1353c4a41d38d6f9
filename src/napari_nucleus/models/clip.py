"""CLIP (Radford et al. 2021) from open_clip: any of its models by name, with weights from its hub when asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.models.library import encoder_file
from napari_nucleus.models.timm_encoder import fetching

DEFAULT_CLIP = "ViT-B-16-quickgelu"
"""OpenAI's ViT-B/16, of whose weights `DEFAULT_CLIP_WEIGHTS` is the tag; MIT licence."""
DEFAULT_CLIP_WEIGHTS = "openai"


def create_clip(name: str, weights: str, pretrained: bool, **options: Any) -> Any:
    """A CLIP of open_clip: its image encoder is ``visual``, its text encoder the rest.

    Parameters
    ----------
    name : str
        One of ``open_clip.list_models()``, or ``hf-hub:owner/model`` for one of the Hugging Face hub, which brings its
        own weights.
    weights : str
        Tag of the weights, one of ``open_clip.list_pretrained_tags_by_model(name)``.
    pretrained : bool
        Fetch the weights; random ones otherwise.
    **options
        Of ``open_clip.create_model``.

    Raises
    ------
    NucleusError
        open_clip has no such model, or its weights can't be fetched.
    """
    import open_clip  # takes seconds

    if ":" not in name and name not in open_clip.list_models():
        raise NucleusError(f"Expected a CLIP that open_clip has, got {name!r}. Choose one of open_clip.list_models().")
    imported = encoder_file(name)
    source = str(imported) if imported is not None else weights
    with _quiet(), fetching(name, imported) if pretrained else nullcontext():
        return open_clip.create_model(
            name,
            pretrained=source if pretrained else None,
            load_weights=pretrained,
            device=torch.get_default_device(),
            **options,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """What goes wrong is told in one line; open_clip and the hub log dozens."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
