"""Descriptions to numbers: CLIP's text encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from napari_nucleus.models.clip import DEFAULT_CLIP, DEFAULT_CLIP_WEIGHTS, create_clip


class ClipText:
    """CLIP's text encoder, frozen; each description is encoded once.

    Parameters
    ----------
    name, weights, pretrained
        As in `create_clip`: the CLIP whose image encoder the network has.
    device : str
    **options
        Of ``open_clip.create_model``.

    Raises
    ------
    NucleusError
        open_clip has no such model, or its weights can't be fetched.
    """

    def __init__(
        self,
        name: str = DEFAULT_CLIP,
        weights: str = DEFAULT_CLIP_WEIGHTS,
        pretrained: bool = True,
        device: str = "cpu",
        **options: Any,
    ) -> None:
        clip = create_clip(name, weights, pretrained, **options)
        import open_clip

        clip.visual = None  # half of the memory
        self._clip = clip.requires_grad_(False).eval().to(device)
        self._tokens = open_clip.get_tokenizer(name)
        self._device = device
        self._known: dict[str, Tensor] = {}

    def __call__(self, descriptions: Sequence[str]) -> Tensor:
        """Embeddings of unit length, (N, 512) float32."""
        new = sorted(set(descriptions) - set(self._known))
        if new:
            with torch.no_grad():
                embeddings = self._clip.encode_text(self._tokens(new).to(self._device), normalize=True)
            self._known |= dict(zip(new, embeddings.float(), strict=True))
        if not descriptions:
            return torch.zeros(0, self._clip.text_projection.shape[1], device=self._device)
        return torch.stack([self._known[description] for description in descriptions])
