"""The last feature map of any network, as tokens: what the heads of teacher and student read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_nucleus.core import NucleusError
from napari_nucleus.inference.device import autocast
from napari_nucleus.inference.network import Predictor
from napari_nucleus.inference.tiles import Span, Tile

TOKEN = 8
"""Side of a token in pixels: about a third of a nucleus at 40×."""

# What reads the decoder's last feature map; HoVer-Net has a decoder for each kind of map.
_HEADS = ("type_head", "type_decoder.head", "np_decoder.head")


def head_of(network: nn.Module) -> nn.Conv2d:
    """The convolution that reads a network's last feature map.

    Raises
    ------
    NucleusError
        It has none of a name that we know.
    """
    modules = dict(network.named_modules())
    for name in _HEADS:
        head = modules.get(name)
        if isinstance(head, nn.Conv2d):
            return head
    raise NucleusError(
        f"Expected a network with one of the heads {', '.join(_HEADS)}, got {type(network).__name__}. "
        "Set feature_weight = 0 to learn from its answers alone."
    )


@contextmanager
def tapped(network: nn.Module) -> Iterator[list[Tensor]]:
    """Within it, each pass of the network leaves its last feature map in the list."""
    caught: list[Tensor] = []
    hook = head_of(network).register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    try:
        yield caught
    finally:
        hook.remove()


def tokens(features: Tensor, height: int, width: int) -> Tensor:
    """Features of images of (height, width) pixels, averaged over tokens.

    Parameters
    ----------
    features : (B, C, h, w)
        At any stride, or of an image with a rim mirrored around it, which is left out.

    Returns
    -------
    (B, C, ⌈height / 8⌉, ⌈width / 8⌉) float32
    """
    above, left = max(0, features.shape[-2] - height) // 2, max(0, features.shape[-1] - width) // 2
    inner = features[..., above : above + height, left : left + width].float()
    return F.adaptive_avg_pool2d(inner, (-(-height // TOKEN), -(-width // TOKEN)))


def image_tokens(network: nn.Module, image: NDArray[np.uint8], device: str) -> NDArray[np.float32]:
    """Tokens (⌈H / 8⌉, ⌈W / 8⌉, C) of an image (H, W, 3) at the network's pixel size, tile by tile."""

    @torch.inference_mode()
    def question(tiles: Tensor) -> NDArray[np.float32]:
        with tapped(network) as caught, autocast(device):
            network(tiles)
        answer: NDArray[np.float32] = tokens(caught[-1], *tiles.shape[-2:]).cpu().numpy()
        return answer

    size = (-(-side // TOKEN) for side in image.shape[:2])
    found = np.zeros((head_of(network).in_channels, *size), np.float32)
    for tiles, answer in Predictor([network], device).ask(image, question):
        for tile, seen in zip(tiles, answer, strict=True):
            _in_tokens(tile).paste(seen, found)
    return np.moveaxis(found, 0, -1)


def _in_tokens(tile: Tile) -> Tile:
    """A tile in tokens; it and its kept part begin on whole ones."""
    y, x = (
        Span(span.start // TOKEN, span.size // TOKEN, span.first // TOKEN, -(-span.end // TOKEN))
        for span in (tile.y, tile.x)
    )
    return Tile(y, x)
