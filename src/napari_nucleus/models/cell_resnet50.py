"""cell_resnet50: what a single nucleus is, for cross-relabelling.

Shvetsov et al. 2025, "A lightweight and extensible cell segmentation and classification model for whole slide images",
§2, written from the paper. ResNet-50 (He et al. 2016) and its weights are timm's (Apache 2.0).

    crop of one nucleus (B, 3, 64, 64) -> ResNet-50 (B, 2048) -> dropout 0.5 -> logits (B, C)
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from napari_nucleus.models.registry import register_cell_model
from napari_nucleus.models.timm_encoder import create_timm


class CellClassifier(nn.Module):
    """Class logits of crops of single nuclei, such as `cell_crops` makes.

    Parameters
    ----------
    n_classes : int
        Classes without background: a crop always shows a nucleus.
    encoder : str
        Any timm network.
    pretrained : bool
        Start the encoder from timm's weights (from its hub).
    dropout : float
        Share of features dropped in training.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, n_classes: int, encoder: str = "resnet50", pretrained: bool = False, dropout: float = 0.5
    ) -> None:
        super().__init__()
        body: Any = create_timm(encoder, pretrained, num_classes=0)
        settings = body.pretrained_cfg
        self.encoder = body
        self.register_buffer("mean", torch.tensor(settings["mean"]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(settings["std"]).view(1, 3, 1, 1))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(body.num_features, n_classes)

    def forward(self, crop: Tensor) -> Tensor:
        """Logits (B, C) of crops (B, 3, 64, 64) in [0, 1]."""
        features = self.encoder((crop - self.mean) / self.std)  # (B, 2048)
        logits: Tensor = self.head(self.dropout(features))
        return logits


@register_cell_model
def cell_resnet50(n_classes: int, **options: Any) -> CellClassifier:
    """A classifier of single nuclei."""
    return CellClassifier(n_classes, **options)
