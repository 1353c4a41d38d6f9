"""Any CLIP by one name: our own small one, a trained successor of it, one of open_clip, or one of a hub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from napari_nucleus.core import NucleusError
from napari_nucleus.models.clip import DEFAULT_CLIP, DEFAULT_CLIP_WEIGHTS, create_clip
from napari_nucleus.models.library import encoder_file
from napari_nucleus.models.nucleus_clip import CONTEXT_TOKENS
from napari_nucleus.models.timm_encoder import fetching
from napari_nucleus.models.zoo import list_models, load_weights

EMBEDDED = "nucleus_clip"
"""The CLIP that ships inside the package; also the architecture of those trained by its recipe."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedClip:
    """A CLIP, frozen, with what it needs to read.

    Attributes
    ----------
    name : str
    network : Any
        Of open_clip; ``encode_image`` and ``encode_text``.
    tokens : callable
        From a list of texts to a tensor of tokens.
    """

    name: str
    network: Any
    tokens: Callable[[list[str]], Tensor]

    @property
    def scale(self) -> float:
        """What similarities are multiplied with before a softmax."""
        return float(self.network.logit_scale.detach().exp())

    @torch.inference_mode()
    def text(self, texts: list[str]) -> Tensor:
        """Embeddings (N, D) float32 of unit length."""
        tokens = self.tokens(texts).to(next(self.network.parameters()).device)
        return F.normalize(self.network.encode_text(tokens).float(), dim=-1)

    @torch.inference_mode()
    def images(self, windows: NDArray[np.uint8]) -> Tensor:
        """Embeddings (N, D) float32 of unit length, of windows (N, side, side, 3), resized to what the CLIP wants."""
        visual = self.network.visual
        device = next(self.network.parameters()).device
        pixels = torch.from_numpy(windows).to(device).permute(0, 3, 1, 2).float() / 255
        size = visual.image_size if isinstance(visual.image_size, tuple) else (visual.image_size,) * 2
        if pixels.shape[-2:] != size:
            pixels = F.interpolate(pixels, size, mode="bicubic", antialias=True).clamp_(0, 1)
        mean, std = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in (visual.image_mean, visual.image_std))
        return F.normalize(self.network.encode_image((pixels - mean) / std).float(), dim=-1)


def load_clip(name: str = EMBEDDED, device: str = "cpu") -> LoadedClip:
    """A CLIP by its name; loaded once.

    Parameters
    ----------
    name : str
        ``nucleus_clip``, which ships, or another of the model list that was trained by its recipe; a model of
        ``open_clip.list_models()``, with ``/`` and the tag of its weights where its first ones aren't meant;
        ``hf-hub:owner/model``; or ``local-dir:FOLDER``, where a hub's files were downloaded to.
    device : str
        Of torch.

    Raises
    ------
    NucleusError
        There is no such CLIP, or its weights can't be fetched.
    """
    own = next((info for info in list_models() if info.name == name), None)
    if own is None:
        imported = encoder_file(name.partition("/")[0] if ":" not in name else name)
        return _public(name, imported, imported.stat().st_mtime_ns if imported else 0, device)
    if own.problem:
        raise NucleusError(own.problem)
    if own.card is None or own.weights is None or own.card.architecture != EMBEDDED:
        raise NucleusError(
            f"Expected a CLIP with trained weights, got {name}. Choose {EMBEDDED}, one of open_clip, or an id "
            "hf-hub:owner/model; or train one with the recipe nucleus_clip.toml."
        )
    return _own(name, own.weights, own.weights.stat().st_mtime_ns, device)


def clip_of(name: str, network: Any) -> LoadedClip:
    """A network of the architecture `nucleus_clip` with its tokeniser."""
    from open_clip import SimpleTokenizer  # takes seconds

    return LoadedClip(name, network, SimpleTokenizer(context_length=CONTEXT_TOKENS))


@lru_cache(maxsize=2)
def _own(name: str, weights: Path, changed: int, device: str) -> LoadedClip:
    """Of the model list; ``changed`` tells a file from what was there before."""
    card = next(info.card for info in list_models() if info.name == name)
    assert card is not None
    return clip_of(name, load_weights(weights, card).network.to(device))


@lru_cache(maxsize=2)
def _public(name: str, imported: Path | None, changed: int, device: str) -> LoadedClip:
    """Of open_clip, a hub or a folder; ``changed`` tells an imported file from what was there before."""
    from open_clip import get_tokenizer  # takes seconds

    model, weights = _weights(name)
    if ":" not in model and not weights and imported is None:
        raise NucleusError(
            f"Expected a CLIP with weights, got {model}, of which nobody has published any. Choose another, or import "
            f"some: napari-nucleus models import FILE --encoder {model}"
        )
    try:
        network = create_clip(model, weights, pretrained=True)
        with fetching(model, imported):  # some bring a tokeniser of their own
            tokens = get_tokenizer(model)
    except NucleusError as error:
        if not model.startswith("hf-hub:"):
            raise
        cause = str(error).split(" Go online")[0]
        raise NucleusError(
            f"{cause} Go online, or download all its files into a folder and name that: local-dir:FOLDER"
        ) from None
    return LoadedClip(name, network.requires_grad_(False).eval().to(device), tokens)


def _weights(name: str) -> tuple[str, str]:
    """Model and tag of the weights."""
    from open_clip import list_models as open_clip_models
    from open_clip import list_pretrained_tags_by_model

    if ":" in name:
        return name, ""
    model, _, tag = name.partition("/")
    if model not in open_clip_models():
        raise NucleusError(
            f"Expected a CLIP ({EMBEDDED}, {DEFAULT_CLIP}, another of open_clip.list_models(), or hf-hub:owner/model), "
            f"got {name!r}. Choose one of those."
        )
    tags = list_pretrained_tags_by_model(model)
    if tag not in ("", *tags):
        raise NucleusError(f"Expected weights of {model} ({', '.join(tags)}), got {tag!r}. Choose one of those.")
    return model, tag or (DEFAULT_CLIP_WEIGHTS if DEFAULT_CLIP_WEIGHTS in tags else next(iter(tags), ""))
