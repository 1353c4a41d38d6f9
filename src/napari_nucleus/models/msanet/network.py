"""MSA-Net's dense part, put together.

    image (B, 3, 270, 270), padded to 272
    -> ViT-B/16, 4 levels (B, 768, 17, 17); CLIP's image encoder, frozen (B, 512, 17, 17)
    -> fusion, v1 to v4 (B, 768, 17, 17); pyramid-pooling attention on v4
    -> ConvNeXt 3-3-9-3, x1 to x4 (B, 256, 17, 17) to (B, 64, 136, 136)
    -> feature volumes of v and x, 1×1 fusion (B, 256, 136, 136)
    -> segmentation (B, 2, 270, 270), HV, types, boundary

Where the paper is silent or contradicts itself: its input is 270 (not 1024 or 768); the CLIP variant, the levels
(blocks 2, 5, 8 and 11 of 12), the pools and all widths but 768, 512 and 256 are ours. It segments in two channels and
doesn't say how touching nuclei come apart, but promises boundaries: here a layer each gives HV (Graham et al. 2019),
boundaries and types, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.core import NucleusError
from napari_nucleus.models.clip import DEFAULT_CLIP, DEFAULT_CLIP_WEIGHTS
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.models.msanet.convnext import DEPTHS, ConvNeXtBackbone
from napari_nucleus.models.msanet.encoders import PATCH, ClipImageEncoder, VitEncoder
from napari_nucleus.models.msanet.fusion import MultiScaleFusion, Student
from napari_nucleus.models.msanet.norm import ChannelNorm
from napari_nucleus.models.msanet.pyramid import PyramidBlock
from napari_nucleus.models.msanet.volume import VolumeFusion

_HEAD = 64  # channels of one head of attention, as in ViT-B


class MSAReading(NamedTuple):
    """All that the network makes of a batch; h = ⌈H/16⌉, w = ⌈W/16⌉.

    Attributes
    ----------
    levels : list of (B, 768, h, w)
        Of the ViT.
    clip : (B, 512, h, w)
    fused : (B, 768, h, w)
        After pyramid-pooling attention.
    features : (B, 256, ⌈H/2⌉, ⌈W/2⌉)
        The decoder's last map; a nucleus's visual features are its mean over the nucleus.
    segmentation : (B, 2, H, W)
        Logits of background and nucleus.
    output : HoverOutput
    """

    levels: list[Tensor]
    clip: Tensor
    fused: Tensor
    features: Tensor
    segmentation: Tensor
    output: HoverOutput


class MSANet(nn.Module):
    """NP, HV, type and boundary maps from a ViT and CLIP.

    Parameters
    ----------
    n_classes : int
        Classes without background.
    encoder : str
        Any ViT of timm with patches of 16 pixels.
    clip, clip_weights : str
        Any CLIP of open_clip that is a ViT with patches of 16 pixels, and the tag of its weights. One that has seen
        pathology is better (Guan et al., table 7), such as ``"hf-hub:wisdomik/QuiltNet-B-16"``.
    pretrained : bool
        Start from the weights of both (from their hubs).
    clip_options : mapping, optional
        Of ``open_clip.create_model``.
    widths, depths : sequence of int
        Channels and blocks of the ConvNeXt stages.
    volume_width, features : int
        Channels of the feature volumes, and of their fusion.

    Attributes
    ----------
    channels : int
        Of ``features``, which nuclei take theirs from.
    """

    size_multiple = PATCH
    # With their margins, tiles are 23×23 tokens at most: not far from the 17×17 that the positions were learnt on.
    tile_core = 176
    crop_multiple = 1  # it pads what it is given
    targets = ("hv", "boundary")
    encoders = ("vit", "clip", "student")

    def __init__(
        self,
        n_classes: int,
        encoder: str = "vit_base_patch16_224",
        clip: str = DEFAULT_CLIP,
        clip_weights: str = DEFAULT_CLIP_WEIGHTS,
        pretrained: bool = False,
        clip_options: Mapping[str, Any] | None = None,
        widths: Sequence[int] = (256, 256, 128, 64),
        depths: Sequence[int] = DEPTHS,
        volume_width: int = 32,
        features: int = 256,
    ) -> None:
        super().__init__()
        self.channels = features
        self.vit = VitEncoder(encoder, pretrained)
        self.clip = ClipImageEncoder(clip, clip_weights, pretrained, clip_options)
        width = self.vit.width
        self.student = Student(width, self.clip.width)
        self.fusion = MultiScaleFusion(width, self.clip.width)
        self.attention = PyramidBlock(width, max(1, width // _HEAD))
        self.backbone = ConvNeXtBackbone(width, widths, depths)
        self.volumes = VolumeFusion(width, widths, volume_width, features)
        self.finish = nn.Sequential(ChannelNorm(features), nn.GELU())
        # The heads' last doubling is a pixel shuffle: full-size maps at the price of stride 2.
        self.segmentation_head = nn.Conv2d(features, 2 * 4, 1)
        self.hv_head = nn.Conv2d(features, 2 * 4, 1)
        self.boundary_head = nn.Conv2d(features, 4, 1)
        self.type_head = nn.Conv2d(features, 1 + n_classes, 1)

    def forward(self, image: Tensor) -> HoverOutput:
        """Maps of a batch of images.

        Parameters
        ----------
        image : (B, 3, H, W) float in [0, 1]
            Of any size from 16 pixels, 270 being the paper's, at 0.25 µm a pixel. It is mirrored up to multiples of 16;
            the maps are cropped back.

        Raises
        ------
        NucleusError
            H or W is below 16.
        """
        return self.read(image).output

    def features(self, image: Tensor) -> Tensor:
        """The decoder's last feature map, (B, 256, ⌈H/2⌉, ⌈W/2⌉)."""
        return self.read(image).features

    def read(self, image: Tensor) -> MSAReading:
        """As `forward`, with all that lies between."""
        height, width = image.shape[-2:]
        padded = _padded(image)
        levels = self.vit(padded)  # 4 × (B, 768, h, w)
        teacher = self.clip(padded)  # 4 × (B, 512, h, w)
        tokens = self.fusion(levels, teacher[-1])  # 4 × (B, 768, h, w)
        tokens[-1] = self.attention(tokens[-1])
        features = self.finish(self.volumes(tokens, self.backbone(tokens[-1])))  # (B, 256, 8·h, 8·w)

        segmentation = F.pixel_shuffle(self.segmentation_head(features), 2)[..., :height, :width]
        output = HoverOutput(
            # The two-way softmax of the segmentation is the sigmoid of the difference.
            np_logit=segmentation[:, 1:] - segmentation[:, :1],
            hv=F.pixel_shuffle(self.hv_head(features), 2)[..., :height, :width],
            type_logit=F.interpolate(self.type_head(features), scale_factor=2.0, mode="bilinear")[..., :height, :width],
            boundary_logit=F.pixel_shuffle(self.boundary_head(features), 2)[..., :height, :width],
            similarity=self.student(levels, teacher) if self.training else None,
        )
        half = features[..., : -(-height // 2), : -(-width // 2)]
        return MSAReading(levels, teacher[-1], tokens[-1], half, segmentation, output)


def _padded(image: Tensor) -> Tensor:
    """Mirrored at the bottom and on the right, up to whole tokens."""
    height, width = image.shape[-2:]
    if min(height, width) < PATCH:
        raise NucleusError(
            f"Expected an image of at least {PATCH}×{PATCH} pixels, got {height}×{width}. "
            f"Pad it to {max(height, PATCH)}×{max(width, PATCH)}."
        )
    return F.pad(image, (0, -width % PATCH, 0, -height % PATCH), mode="reflect")
