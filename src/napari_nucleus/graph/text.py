"""Descriptions to numbers: the text encoder of a CLIP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_nucleus.models.clip import DEFAULT_CLIP, DEFAULT_CLIP_WEIGHTS, create_clip
from napari_nucleus.models.clip_loading import EMBEDDED, LoadedClip, load_clip

_BATCH = 256


class TextEncoder(Protocol):
    """What reads words: `text_encoder` gives one.

    Attributes
    ----------
    width : int
        Numbers a text.
    scale : float
        What similarities of crops and texts are multiplied with before a softmax.
    """

    @property
    def width(self) -> int: ...  # noqa: D102

    @property
    def scale(self) -> float: ...  # noqa: D102

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Texts as rows of unit length, (N, width) float32."""
        ...


class ClipText:
    """A CLIP's text encoder, frozen; each text is encoded once.

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
        network = create_clip(name, weights, pretrained, **options)
        import open_clip

        network.visual = None  # half of the memory
        self._begin(LoadedClip(name, network.requires_grad_(False).eval().to(device), open_clip.get_tokenizer(name)))

    @classmethod
    def of(cls, clip: LoadedClip) -> ClipText:
        """The text encoder of a CLIP that is loaded already."""
        encoder = cls.__new__(cls)
        encoder._begin(clip)
        return encoder

    def _begin(self, clip: LoadedClip) -> None:
        self._clip = clip
        self._known = {"": clip.text([""])[0]}

    @property
    def width(self) -> int:
        """Numbers a text."""
        return len(self._known[""])

    @property
    def scale(self) -> float:
        """What similarities of crops and texts are multiplied with before a softmax."""
        return self._clip.scale

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Embeddings of unit length, (N, width) float32; of a long text its beginning counts, as many tokens as fit."""
        new = sorted(set(texts) - set(self._known))
        for first in range(0, len(new), _BATCH):
            some = new[first : first + _BATCH]
            self._known |= dict(zip(some, self._clip.text(some), strict=True))
        if not len(texts):
            return self._known[""].new_zeros(0, self.width)
        return torch.stack([self._known[text] for text in texts])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Texts as rows of unit length, (N, width) float32."""
        return self(texts).cpu().numpy()


def text_encoder(name: str = EMBEDDED, device: str = "cpu") -> ClipText:
    """The text encoder of a CLIP, by one name.

    Parameters
    ----------
    name : str
        As in `load_clip`: ``nucleus_clip``, which ships; a model of open_clip such as ``ViT-B-16-quickgelu`` (OpenAI's
        ViT-B/16); ``hf-hub:owner/model``.
    device : str
        Of torch.

    Raises
    ------
    NucleusError
        There is no such CLIP, or its weights can't be fetched.

    Examples
    --------
    >>> text_encoder().encode(["a small round dark nucleus"]).shape
    (1, 128)
    """
    return ClipText.of(load_clip(name, device))
