"""msanet: multimodal structure encoding, the dense part; `napari_nucleus.graph.msanet` has the nodes.

Guan et al. 2025, "Instance-level semantic segmentation of nuclei based on multimodal structure encoding" (BMC
Bioinformatics 26:42), written from the paper, which publishes no code. The ViT and its weights are timm's (Apache 2.0);
CLIP is OpenAI's (MIT), through open_clip.
"""

from __future__ import annotations

from typing import Any

from napari_nucleus.models.msanet.network import MSANet
from napari_nucleus.models.registry import register_model

__all__ = ["MSANet", "msanet"]


@register_model
def msanet(n_classes: int, **options: Any) -> MSANet:
    """The dense part of MSA-Net."""
    return MSANet(n_classes, **options)
