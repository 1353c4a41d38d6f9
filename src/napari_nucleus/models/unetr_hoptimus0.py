"""unetr_hoptimus0: the foundation teacher.

Shvetsov et al. 2025, "A lightweight and extensible cell segmentation and classification model for whole slide images"
(arXiv, 2025), §3, and UNETR (Hatamizadeh et al. 2022), written from the papers. The encoder is timm's vision
transformer with H-optimus-0's weights (Bioptimus 2024, Apache 2.0), frozen.

    image (B, 3, H, W), 16 px -> 1 token of 14 px -> ViT-g/14, blocks 1, 14, 26, 38 (from 0): token maps at stride 16
    -> brought to strides 2, 4, 8 and 16 -> CNN decoder, which the image joins at full size -> flow head, type head

The paper prints 1,158,917,906 parameters (Table 4), for the seven refined classes: 1,134,774,272 in the encoder and
24,143,634 outside. It prints no widths; ours were chosen to come to that count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from napari_nucleus.models.flow_output import FlowOutput
from napari_nucleus.models.foundation_encoder import TOKEN_PX, FrozenViT
from napari_nucleus.models.registry import register_model
from napari_nucleus.models.sizes import require_multiple


def _convolution(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


def _doubling(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(channels_in, channels_out, 2, 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
        *_convolution(channels_out, channels_out),
    )


class _Stage(nn.Module):
    """Doubles the size and convolves it with what joins it there."""

    def __init__(self, channels_in: int, width: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(channels_in, width, 2, 2)
        self.blend = nn.Sequential(_convolution(2 * width, width), _convolution(width, width))

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        blended: Tensor = self.blend(torch.cat([self.up(coarse), skip], 1))
        return blended


class FoundationUNETR(nn.Module):
    """Flows, nucleus probability and types from a frozen foundation model and a decoder that is trained.

    Parameters
    ----------
    n_classes : int
        Classes without background.
    encoder : str
        A foundation model by name (`FOUNDATION_MODELS`), or any vision transformer of timm.
    pretrained : bool
        Fetch the encoder's weights (from their hub). Without, it is random, and only good for tests.
    blocks : sequence of int or None
        Four of the encoder's blocks, counted from 0; None for the paper's, or those that lie alike in other encoders.
    widths : tuple of int
        Channels of the decoder at strides 8, 4, 2 and 1.
    encoder_options : dict or None
        Of timm's network, such as ``{"depth": 4}``.
    """

    size_multiple = TOKEN_PX
    targets = ("flow",)

    def __init__(
        self,
        n_classes: int,
        encoder: str = "hoptimus0",
        pretrained: bool = False,
        blocks: Sequence[int] | None = None,
        widths: tuple[int, int, int, int] = (512, 288, 128, 64),
        encoder_options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.encoder = FrozenViT(encoder, blocks, pretrained, **(encoder_options or {}))
        tokens = self.encoder.channels
        eighth, quarter, half, full = widths
        self.to_full = nn.Sequential(_convolution(3, full), _convolution(full, full))
        self.to_half = nn.Sequential(_doubling(tokens, half), _doubling(half, half), _doubling(half, half))
        self.to_quarter = nn.Sequential(_doubling(tokens, quarter), _doubling(quarter, quarter))
        self.to_eighth = _doubling(tokens, eighth)
        self.stages = nn.ModuleList(map(_Stage, (tokens, eighth, quarter, half), widths))
        self.flow_head = nn.Conv2d(full, 3, 1)
        self.type_head = nn.Conv2d(full, 1 + n_classes, 1)

    def forward(self, image: Tensor) -> FlowOutput:
        """Maps of a batch of images.

        Parameters
        ----------
        image : (B, 3, H, W) float in [0, 1]
            H and W multiples of 16, at 0.25 µm a pixel.

        Raises
        ------
        NucleusError
            H or W is no multiple of 16.
        """
        require_multiple(image, self.size_multiple)
        features = self.features(image)
        flow, prob_logit = self.flow_head(features).split((2, 1), 1)
        return FlowOutput(flow, prob_logit, self.type_head(features))

    def features(self, image: Tensor) -> Tensor:
        """The decoder's last feature map, (B, widths[-1], H, W)."""
        first, second, third, decoded = self.encoder(image)  # (B, 1536, H/16, W/16)
        skips = self.to_eighth(third), self.to_quarter(second), self.to_half(first), self.to_full(image)
        for stage, skip in zip(self.stages, skips, strict=True):
            decoded = stage(decoded, skip)  # (B, widths[i], H/8, W/8), then twice the size a stage
        return decoded


@register_model
def unetr_hoptimus0(n_classes: int, **options: Any) -> FoundationUNETR:
    """The foundation teacher: frozen H-optimus-0, UNETR decoder, flows."""
    return FoundationUNETR(n_classes, **options)
