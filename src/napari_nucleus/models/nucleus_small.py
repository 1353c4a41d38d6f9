"""nucleus_small: the network that ships inside the package; it answers on a laptop's CPU.

Ours; NP, HV and type maps as HoVer-Net (Graham et al. 2019) from one shared decoder with one-layer heads as in Zhang
et al. §3.1. It has no global pooling, so that a tile's answer depends on its surroundings only as far as the
receptive field goes, and tiles agree with the whole image.

    image (B, 3, H, W) -> encoder at strides 2, 4, 8, 16 -> additive decoder back to stride 2 -> heads, full size
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.models.registry import register_model
from napari_nucleus.models.resnet import ShortResNet
from napari_nucleus.models.sizes import require_multiple
from napari_nucleus.models.timm_encoder import timm_features


def _convolution(channels_in: int, channels_out: int, size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, size, padding=size // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class _Up(nn.Module):
    """Doubles the size and adds the encoder's features of that size."""

    def __init__(self, channels_in: int, channels_skip: int, channels_out: int, depth: int) -> None:
        super().__init__()
        self.reduce = _convolution(channels_in, channels_out, 1)
        self.skip = _convolution(channels_skip, channels_out, 1)
        self.blend = nn.Sequential(*(_convolution(channels_out, channels_out, 3) for _ in range(depth)))

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        up = F.interpolate(self.reduce(coarse), scale_factor=2.0, mode="nearest")
        blended: Tensor = self.blend(up + self.skip(skip))
        return blended


class NucleusSmall(nn.Module):
    """NP, HV and type maps from one light decoder.

    Parameters
    ----------
    n_classes : int
        Classes without background.
    encoder : str
        Any timm network that gives features at strides 2, 4, 8 and 16, in place of `ShortResNet`.
    decoder : tuple of int
        Channels at strides 8, 4 and 2.
    pretrained : bool
        Start ``encoder`` from timm's weights (from its hub).
    dropout : float
        Share of decoder channels dropped in training after each upsampling (Zhang et al. §3.1).
    """

    size_multiple = 16
    targets = ("hv",)
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        n_classes: int,
        encoder: str | None = None,
        decoder: tuple[int, int, int] = (128, 80, 48),
        pretrained: bool = False,
        dropout: float = 0.05,
    ) -> None:
        super().__init__()
        self.encoder, channels = (
            _own_encoder() if encoder is None else timm_features(encoder, (2, 4, 8, 16), pretrained)
        )
        self.register_buffer("mean", torch.tensor([0.72, 0.56, 0.69]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.20, 0.22, 0.17]).view(1, 3, 1, 1))
        stride2, stride4, stride8, stride16 = channels
        self.up8 = _Up(stride16, stride8, decoder[0], depth=2)
        self.up4 = _Up(decoder[0], stride4, decoder[1], depth=2)
        self.up2 = _Up(decoder[1], stride2, decoder[2], depth=1)
        self.dropout = nn.Dropout2d(dropout)
        # The heads' last doubling is a pixel shuffle: full-size maps at the price of stride 2.
        self.np_head = nn.Conv2d(decoder[2], 4, 1)
        self.hv_head = nn.Conv2d(decoder[2], 8, 1)
        self.type_head = nn.Conv2d(decoder[2], 1 + n_classes, 1)

    def forward(self, image: Tensor) -> HoverOutput:
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
        return HoverOutput(
            F.pixel_shuffle(self.np_head(features), 2),
            F.pixel_shuffle(self.hv_head(features), 2),
            F.interpolate(self.type_head(features), scale_factor=2.0, mode="bilinear"),
        )

    def features(self, image: Tensor) -> Tensor:
        """The decoder's last feature map, (B, decoder[2], H/2, W/2)."""
        stride2, stride4, stride8, stride16 = self.encoder((image - self.mean) / self.std)
        decoded = self.dropout(self.up8(stride16, stride8))  # (B, 128, H/8, W/8)
        decoded = self.dropout(self.up4(decoded, stride4))  # (B, 80, H/4, W/4)
        return self.up2(decoded, stride2)  # (B, 48, H/2, W/2)


def _own_encoder() -> tuple[nn.Module, Sequence[int]]:
    encoder = ShortResNet()
    return encoder, encoder.channels


@register_model
def nucleus_small(n_classes: int, **options: Any) -> NucleusSmall:
    """The default network."""
    return NucleusSmall(n_classes, **options)
