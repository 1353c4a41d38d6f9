"""hovernet: the baseline, as published.

Graham et al. 2019, "HoVer-Net: simultaneous segmentation and classification of nuclei in multi-tissue histology images"
(Med. Image Anal. 58), written from the paper and from the shapes of the weights that its authors publish (code MIT;
`public_checkpoint` loads them).

    image (B, 3, H, W), mirrored beyond its rim -> pre-activated ResNet-50 at strides 1, 2, 4, 8
    -> a decoder each for types, NP and HV, of dense blocks that take off the rim -> maps (B, ., H, W)

Two modes: ``original`` (5×5 kernels, 270 px in, 80 px out) as in the paper, and ``fast`` (3×3 kernels, 256 px in,
164 px out), of the weights for PanNuke and MoNuSAC.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.core import NucleusError
from napari_nucleus.models.dense_block import DenseBlock, centre
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.models.registry import register_model
from napari_nucleus.models.sizes import require_multiple


class _Mode(NamedTuple):
    kernel: int  # of the decoder
    stem_padding: int
    mirrored: int  # pixels added on every side, so that at least the image itself comes out


MODES = {"original": _Mode(5, 0, 95), "fast": _Mode(3, 3, 48)}


class _ResidualUnit(nn.Module):
    def __init__(self, channels_in: int, inner: int, channels_out: int, stride: int, first: bool) -> None:
        super().__init__()
        # The block before has activated the first unit's input.
        self.before = nn.Identity() if first else nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        # TensorFlow's "same": a stride of 2 pads the far side only.
        self.pad = nn.ZeroPad2d((0, 1, 0, 1) if stride == 2 else 1)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, channels_out, 1, bias=False)
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        x = x if self.first else F.relu(self.before(x))
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(self.pad(x))))
        new: Tensor = self.conv3(x)
        return new


class _ResidualBlock(nn.Module):
    def __init__(self, channels_in: int, inner: int, channels_out: int, units: int, stride: int) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)
        self.units = nn.ModuleList(
            _ResidualUnit(channels_in if first else channels_out, inner, channels_out, stride if first else 1, first)
            for first in (number == 0 for number in range(units))
        )
        self.after = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.shortcut(x)
        for unit in self.units:
            x = unit(x) + shortcut
            shortcut = x
        return F.relu(self.after(x))


class _DenseStage(nn.Module):
    def __init__(self, channels_in: int, width: int, units: int, kernel: int, scale: float) -> None:
        super().__init__()
        self.conva = nn.Conv2d(channels_in, width, kernel, bias=False)
        self.dense = DenseBlock(width, units, kernel, inner=int(128 * scale), growth=int(32 * scale))
        self.convf = nn.Conv2d(self.dense.channels_out, self.dense.channels_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        stage: Tensor = self.convf(self.dense(self.conva(x)))
        return stage


class _Decoder(nn.Module):
    def __init__(self, width: int, kernel: int, channels_out: int) -> None:
        super().__init__()
        scale = width / 64
        self.u3 = _DenseStage(16 * width, 4 * width, 8, kernel, scale)
        self.u2 = _DenseStage(8 * width, 2 * width, 4, kernel, scale)
        self.u1 = nn.Conv2d(4 * width, width, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.head = nn.Conv2d(width, channels_out, 1)

    def forward(self, stride1: Tensor, stride2: Tensor, stride4: Tensor, stride8: Tensor) -> Tensor:
        maps: Tensor = self.head(self.features(stride1, stride2, stride4, stride8))
        return maps

    def features(self, stride1: Tensor, stride2: Tensor, stride4: Tensor, stride8: Tensor) -> Tensor:
        """What the head reads, (B, 64, H - rim, W - rim)."""
        x = self.u3(_doubled_with(stride4, stride8))  # (B, 512, H/4 - rim, W/4 - rim)
        x = self.u2(_doubled_with(stride2, x))  # (B, 256, H/2 - rim, W/2 - rim)
        x = self.u1(_doubled_with(stride1, x))  # (B, 64, H - rim, W - rim)
        return F.relu(self.bn(x))


class HoverNet(nn.Module):
    """NP, HV and type maps from one encoder and a decoder for each.

    The published network answers for the centre of what it sees. This one mirrors the image beyond its rim first, so
    that the maps have the image's size: within ``MODES[mode].mirrored`` pixels of the rim it sees mirrored tissue,
    elsewhere it gives the published network's numbers.

    Parameters
    ----------
    n_classes : int
        Classes without background.
    mode : {"fast", "original"}
    types : bool
        Whether there is a decoder for types.
    width : int
        Channels of the stem, 64 as published; everything else goes with it. A multiple of 8.
    """

    size_multiple = 8
    targets = ("hv",)
    encoders = ("stem", "stem_bn", "d0", "d1", "d2", "d3", "bottom")

    def __init__(self, n_classes: int, mode: str = "fast", types: bool = True, width: int = 64) -> None:
        super().__init__()
        if mode not in MODES:
            raise NucleusError(f"Expected a mode of HoVer-Net ({', '.join(MODES)}), got {mode!r}. Choose one of those.")
        kernel, stem_padding, self.mirrored = MODES[mode]
        self.stem = nn.Conv2d(3, width, 7, padding=stem_padding, bias=False)
        self.stem_bn = nn.BatchNorm2d(width)
        self.d0 = _ResidualBlock(width, width, 4 * width, 3, stride=1)
        self.d1 = _ResidualBlock(4 * width, 2 * width, 8 * width, 4, stride=2)
        self.d2 = _ResidualBlock(8 * width, 4 * width, 16 * width, 6, stride=2)
        self.d3 = _ResidualBlock(16 * width, 8 * width, 32 * width, 3, stride=2)
        self.bottom = nn.Conv2d(32 * width, 16 * width, 1, bias=False)
        self.type_decoder = _Decoder(width, kernel, 1 + n_classes) if types else None
        self.np_decoder = _Decoder(width, kernel, 2)
        self.hv_decoder = _Decoder(width, kernel, 2)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image: Tensor) -> HoverOutput:
        """Maps of a batch of images.

        Parameters
        ----------
        image : (B, 3, H, W) float in [0, 1]
            H and W multiples of 8, at 0.25 µm a pixel.

        Raises
        ------
        NucleusError
            H or W is no multiple of 8.
        """
        require_multiple(image, self.size_multiple)
        np_logit, hv, types, *_ = self.forward_centre(_mirrored(image, self.mirrored))
        height, width = image.shape[-2:]
        return HoverOutput(
            centre(np_logit, height, width),
            centre(hv, height, width),
            None if types is None else centre(types, height, width),
        )

    def features(self, image: Tensor) -> Tensor:
        """The last feature map of the decoder for types, or of that for NP where there is none, (B, 64, H, W)."""
        decoder = self.np_decoder if self.type_decoder is None else self.type_decoder
        features = decoder.features(*self._encoded(_mirrored(image, self.mirrored)))
        return centre(features, image.shape[-2], image.shape[-1])

    def forward_centre(self, image: Tensor) -> HoverOutput:
        """The published network: 270 px in, 80 px out in mode ``original``; 256 px in, 164 px out in ``fast``."""
        features = self._encoded(image)
        background, nucleus = self.np_decoder(*features).split(1, 1)
        # The sigmoid of this difference is the softmax of the two.
        types = None if self.type_decoder is None else self.type_decoder(*features)
        return HoverOutput(nucleus - background, self.hv_decoder(*features), types)

    def _encoded(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        stride1 = self.d0(F.relu(self.stem_bn(self.stem(image))))  # (B, 256, H, W)
        stride2 = self.d1(stride1)  # (B, 512, H/2, W/2)
        stride4 = self.d2(stride2)  # (B, 1024, H/4, W/4)
        return stride1, stride2, stride4, self.bottom(self.d3(stride4))  # the last (B, 1024, H/8, W/8)


def _doubled_with(skip: Tensor, x: Tensor) -> Tensor:
    x = F.interpolate(x, scale_factor=2.0, mode="nearest")
    return x + centre(skip, x.shape[-2], x.shape[-1])


def _mirrored(image: Tensor, pixels: int) -> Tensor:
    """Images (B, 3, H, W) mirrored beyond every side, as often as that takes; the rim itself is not repeated."""
    for axis in (-2, -1):
        side = image.shape[axis]
        there_and_back = torch.arange(-pixels, side + pixels, device=image.device).abs() % (2 * side - 2)
        image = image.index_select(axis, torch.minimum(there_and_back, 2 * side - 2 - there_and_back))
    return image


@register_model
def hovernet(n_classes: int, **options: Any) -> HoverNet:
    """The HoVer-Net baseline as published: an encoder, three decoders."""
    return HoverNet(n_classes, **options)
