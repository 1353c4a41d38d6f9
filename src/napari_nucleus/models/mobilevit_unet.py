"""mobilevit_unet: the distilled student.

Shvetsov et al. 2025, "A lightweight and extensible cell segmentation and classification model for whole slide images"
(arXiv, 2025), §4, written from the paper. The encoder and its weights are timm's: MobileViTv2 (Mehta and Rastegari
2022; weights under Apple's licence), whose width 1.5 comes closest to the paper's "9 million parameters".

    image (B, 3, H, W) -> MobileViTv2 at strides 2, 4, 8, 16, 32 -> residual U-Net decoder -> flow head, type head

The paper prints 24,093,393 parameters (Table 4), for the seven refined classes, and no widths. Ours were chosen to come
to that count: 9,825,753 in the encoder, the rest in the decoder.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.models.flow_output import FlowOutput
from napari_nucleus.models.registry import register_model
from napari_nucleus.models.sizes import require_multiple
from napari_nucleus.models.timm_encoder import TimmEncoder


class _ResidualStage(nn.Module):
    """Doubles the size, joins the encoder's features of that size, and adds what two convolutions make of both."""

    def __init__(self, channels_in: int, channels_skip: int, channels_out: int) -> None:
        super().__init__()
        joined = channels_in + channels_skip
        self.convolve = nn.Sequential(
            nn.Conv2d(joined, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut = nn.Sequential(nn.Conv2d(joined, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out))

    def forward(self, coarse: Tensor, skip: Tensor | None) -> Tensor:
        x = F.interpolate(coarse, scale_factor=2.0, mode="nearest")
        if skip is not None:
            x = torch.cat([x, skip], 1)
        return F.relu(self.convolve(x) + self.shortcut(x))


class MobileViTUNet(nn.Module):
    """Flows, nucleus probability and types from a U-Net.

    Parameters
    ----------
    n_classes : int
        Classes without background.
    encoder : str
        Any timm network that gives features at strides 2, 4, 8, 16 and 32.
    pretrained : bool
        Start the encoder from timm's weights (from its hub).
    widths : tuple of int
        Channels of the decoder at strides 16, 8, 4, 2 and 1.
    """

    size_multiple = 64
    targets = ("flow",)

    def __init__(
        self,
        n_classes: int,
        encoder: str = "mobilevitv2_150",
        pretrained: bool = False,
        widths: tuple[int, int, int, int, int] = (512, 320, 160, 80, 40),
    ) -> None:
        super().__init__()
        self.encoder = TimmEncoder(encoder, pretrained=pretrained)
        *skips, deepest = self.encoder.channels
        inputs = (deepest, *widths[:-1])
        self.stages = nn.ModuleList(map(_ResidualStage, inputs, (*reversed(skips), 0), widths))
        self.flow_head = nn.Conv2d(widths[-1], 3, 1)
        self.type_head = nn.Conv2d(widths[-1], 1 + n_classes, 1)

    def forward(self, image: Tensor) -> FlowOutput:
        """Maps of a batch of images.

        Parameters
        ----------
        image : (B, 3, H, W) float in [0, 1]
            H and W multiples of 64 (at stride 32, MobileViT's attention works on 2×2 patches), at 0.25 µm a pixel.

        Raises
        ------
        NucleusError
            H or W is no multiple of 64.
        """
        require_multiple(image, self.size_multiple)
        features = self.features(image)
        flow, prob_logit = self.flow_head(features).split((2, 1), 1)
        return FlowOutput(flow, prob_logit, self.type_head(features))

    def features(self, image: Tensor) -> Tensor:
        """The decoder's last feature map, (B, widths[-1], H, W)."""
        *skips, decoded = self.encoder(image)  # (B, 768, H/32, W/32)
        for stage, skip in zip(self.stages, (*reversed(skips), None), strict=True):
            decoded = stage(decoded, skip)  # (B, widths[i], H/16, W/16), then twice the size a stage
        return decoded


@register_model
def mobilevit_unet(n_classes: int, **options: Any) -> MobileViTUNet:
    """The distilled student: MobileViT encoder, residual U-Net, flows."""
    return MobileViTUNet(n_classes, **options)
