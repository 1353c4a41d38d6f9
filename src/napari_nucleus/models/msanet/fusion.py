"""Multi-scale fusion of the ViT with CLIP, and what the ViT is taught by CLIP (Guan et al., eq. 1 and 8)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.models.msanet.norm import ChannelNorm


class MultiScaleFusion(nn.Module):
    """Adds to each level of the ViT what it makes of it and CLIP, and the fused level before.

    Parameters
    ----------
    width, clip_width : int
        Channels of a token of the ViT and of CLIP.
    levels : int
    """

    def __init__(self, width: int, clip_width: int, levels: int = 4) -> None:
        super().__init__()
        self.blends = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width + clip_width, width, 1), ChannelNorm(width), nn.GELU(), nn.Conv2d(width, width, 1)
            )
            for _ in range(levels)
        )

    def forward(self, levels: Sequence[Tensor], clip: Tensor) -> list[Tensor]:
        """v1 to v4 of levels (B, 768, h, w) and CLIP (B, 512, h, w), each (B, 768, h, w); v4 holds all of them."""
        fused: list[Tensor] = []
        for level, blend in zip(levels, self.blends, strict=True):
            added = level + blend(torch.cat([level, clip], 1))
            fused.append(added + fused[-1] if fused else added)
        return fused


class Student(nn.Module):
    """Learnable projections of the ViT's levels into CLIP's space."""

    def __init__(self, width: int, clip_width: int, levels: int = 4) -> None:
        super().__init__()
        self.projections = nn.ModuleList(nn.Conv2d(width, clip_width, 1) for _ in range(levels))

    def forward(self, levels: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
        """The similarity tensor of eq. 1 for levels (B, 768, h, w) of the ViT and (B, 512, h, w) of CLIP.

        Returns
        -------
        (B, M, h·w, h·w) in [-1, 1]
            Cosine of each token of the teacher with each of the student, a matrix a level. Where both are the same
            token, which is the diagonal, it gives eq. 8: ‖t − s‖² = 2 − 2·W, with normalised features.
        """
        student = [project(level) for project, level in zip(self.projections, levels, strict=True)]
        t, s = (F.normalize(torch.stack(list(maps), 1).flatten(3), dim=2) for maps in (teacher, student))
        return t.mT @ s  # (B, M, h·w, 512) × (B, M, 512, h·w)
