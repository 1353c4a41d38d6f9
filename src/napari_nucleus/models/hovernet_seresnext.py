"""hovernet_seresnext50, hovernet_seresnext101: the enhanced HoVer-Net.

Zhang et al. 2025, "Keep it accurate and robust: an enhanced nuclei analysis framework" (Comput. Struct. Biotechnol. J.;
arXiv 2203.03415), §3.1, written from the paper. Encoders and their weights are timm's (Apache 2.0).

    image (B, 3, H, W) -> SE-ResNeXt at strides 2, 4, 8, 16, 32 -> one HoVer-Net decoder, dropout after each of its five
    upsamplings -> three heads of one layer, full size

The paper prints 33,671,843 and 55,067,363 parameters, thus encoders of 25,510,896 and 46,906,416 and the same decoder
and heads of 8,160,947. It doesn't print the decoder's widths. Ours keeps HoVer-Net's parts: 1×1 bottleneck, sums with
the encoder's features (whose channels are HoVer-Net's), 3×3 convolutions, dense units of 128 -> 32 channels in four
groups. Its widths were chosen to come to that count. SE-ResNeXt halves the image twice more than HoVer-Net's encoder,
so there are two stages more.
"""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.models.dense_block import DenseBlock
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.models.registry import register_model
from napari_nucleus.models.sizes import require_multiple
from napari_nucleus.models.timm_encoder import TimmEncoder


class _Stage(nn.Module):
    """Doubles the size, drops channels, adds the encoder's features of that size, then convolves."""

    def __init__(self, channels_in: int, width: int, units: int, channels_out: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout2d(dropout)
        self.reduce = nn.Conv2d(channels_in, width, 3, padding=1, bias=False)
        self.dense = DenseBlock(width, units, kernel=3, padding=1)
        self.blend = nn.Conv2d(self.dense.channels_out, channels_out, 1, bias=False)

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        up = self.dropout(F.interpolate(coarse, scale_factor=2.0, mode="nearest"))
        stage: Tensor = self.blend(self.dense(self.reduce(up + skip)))
        return stage


def _convolution(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class HoverSEResNeXt(nn.Module):
    """NP, HV and type maps from one decoder.

    Parameters
    ----------
    n_classes : int
        Classes without background.
    encoder : str
        Any timm network that gives features at strides 2, 4, 8, 16 and 32.
    pretrained : bool
        Start the encoder from timm's weights (from its hub).
    widths : tuple of int
        Channels at strides 16 and 8, before their dense units.
    dropout : float
        Share of channels dropped in training after each upsampling; the paper says "heavy", and no number.
    """

    size_multiple = 32
    targets = ("hv",)

    def __init__(
        self,
        n_classes: int,
        encoder: str = "seresnext50_32x4d",
        pretrained: bool = False,
        widths: tuple[int, int] = (384, 256),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.encoder = TimmEncoder(encoder, pretrained=pretrained)
        stride2, stride4, stride8, stride16, stride32 = self.encoder.channels
        self.bottleneck = nn.Conv2d(stride32, stride16, 1, bias=False)
        self.up16 = _Stage(stride16, widths[0], 8, stride8, dropout)
        self.up8 = _Stage(stride8, widths[1], 4, stride4, dropout)
        self.dropout = nn.Dropout2d(dropout)
        self.up4 = _convolution(stride4, stride2)
        self.up2 = _convolution(stride2, stride2)
        # 3×3, for at stride 1 there is no other convolution to smooth what was upsampled.
        self.np_head = nn.Conv2d(stride2, 1, 3, padding=1)
        self.hv_head = nn.Conv2d(stride2, 2, 3, padding=1)
        self.type_head = nn.Conv2d(stride2, 1 + n_classes, 3, padding=1)

    def forward(self, image: Tensor) -> HoverOutput:
        """Maps of a batch of images.

        Parameters
        ----------
        image : (B, 3, H, W) float in [0, 1]
            H and W multiples of 32, at 0.25 µm a pixel.

        Raises
        ------
        NucleusError
            H or W is no multiple of 32.
        """
        require_multiple(image, self.size_multiple)
        features = self.features(image)
        return HoverOutput(self.np_head(features), self.hv_head(features), self.type_head(features))

    def features(self, image: Tensor) -> Tensor:
        """The decoder's last feature map, (B, 64, H, W)."""
        stride2, stride4, stride8, stride16, stride32 = self.encoder(image)
        decoded = self.up16(self.bottleneck(stride32), stride16)  # (B, 512, H/16, W/16)
        decoded = self.up8(decoded, stride8)  # (B, 256, H/8, W/8)
        decoded = self.up4(self._upsampled(decoded) + stride4)  # (B, 64, H/4, W/4)
        decoded = self.up2(self._upsampled(decoded) + stride2)  # (B, 64, H/2, W/2)
        return self._upsampled(decoded)  # (B, 64, H, W)

    def _upsampled(self, features: Tensor) -> Tensor:
        dropped: Tensor = self.dropout(F.interpolate(features, scale_factor=2.0, mode="nearest"))
        return dropped


@register_model
def hovernet_seresnext50(n_classes: int, **options: Any) -> HoverSEResNeXt:
    """The enhanced HoVer-Net on SE-ResNeXt-50."""
    return HoverSEResNeXt(n_classes, **options)


@register_model
def hovernet_seresnext101(n_classes: int, **options: Any) -> HoverSEResNeXt:
    """The enhanced HoVer-Net on SE-ResNeXt-101."""
    return HoverSEResNeXt(n_classes, **{"encoder": "seresnext101_32x4d"} | options)
