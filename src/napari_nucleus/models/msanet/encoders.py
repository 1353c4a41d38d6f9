"""The two encoders: a ViT that learns, and CLIP's image encoder that doesn't."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.core import NucleusError
from napari_nucleus.models.clip import create_clip
from napari_nucleus.models.timm_encoder import create_timm

PATCH = 16
"""Pixels along the side of a token, of both encoders."""
_PAPER_SIDE = 272
_LEVELS = 4


class VitEncoder(nn.Module):
    """Tokens of a ViT after a quarter, half, three quarters and all of its blocks.

    Parameters
    ----------
    name : str
        A ViT of timm with patches of 16 pixels.
    pretrained : bool
        Start from timm's weights (from its hub).

    Attributes
    ----------
    width : int
        Channels of a token.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, name: str = "vit_base_patch16_224", pretrained: bool = False) -> None:
        super().__init__()
        vit: Any = create_timm(name, pretrained, img_size=_PAPER_SIDE, dynamic_img_size=True, num_classes=0)
        _require_patches(name, vit.patch_embed.patch_size)
        self.vit, self.width = vit, int(vit.embed_dim)
        self.blocks = _quarters(len(vit.blocks))
        settings = vit.pretrained_cfg
        self.register_buffer("mean", torch.tensor(settings["mean"]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(settings["std"]).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Levels of images (B, 3, H, W), each (B, width, H/16, W/16); position embeddings are interpolated."""
        image = (image - self.mean) / self.std
        levels: list[Tensor] = self.vit.forward_intermediates(
            image, indices=self.blocks, norm=True, intermediates_only=True
        )
        return levels


class ClipImageEncoder(nn.Module):
    """CLIP's image encoder, frozen: in evaluation mode, without gradients, and without memory for them.

    The paper does not name the variant; a ViT-B/16 gives its (B, 512, 17, 17).

    Parameters
    ----------
    name, weights, pretrained
        As in `create_clip`; a ViT with patches of 16 pixels.
    options : mapping, optional
        Of ``open_clip.create_model``.

    Attributes
    ----------
    width : int
        Channels of an answer.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, name: str, weights: str, pretrained: bool, options: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        visual: Any = create_clip(name, weights, pretrained, **(options or {})).visual
        if not hasattr(visual, "class_embedding"):
            raise NucleusError(f"Expected a CLIP with a ViT, got {name}. Choose another, such as ViT-B-16.")
        _require_patches(name, visual.patch_size)
        self.visual, self.width = visual.requires_grad_(False).eval(), int(visual.output_dim)
        self.blocks = _quarters(len(visual.transformer.resblocks))
        settings = visual.preprocess_cfg
        self.register_buffer("mean", torch.tensor(settings["mean"]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(settings["std"]).view(1, 3, 1, 1))

    def train(self, mode: bool = True) -> ClipImageEncoder:
        """Stays in evaluation mode."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, image: Tensor) -> list[Tensor]:
        """Levels of images (B, 3, H, W), each (B, width, H/16, W/16), the last being CLIP's own answer.

        Each goes through CLIP's last norm and projection; the class token is dropped (Guan et al., "Feature fusion and
        knowledge distillation").
        """
        clip = self.visual
        patches = clip.conv1((image - self.mean) / self.std)  # (B, 768, h, w)
        grid = (patches.shape[-2], patches.shape[-1])
        tokens = patches.flatten(2).mT  # (B, h·w, 768)
        first = clip.class_embedding.to(tokens.dtype).expand(tokens.shape[0], 1, -1)
        tokens = torch.cat([first, tokens], 1) + self._positions(grid).to(tokens.dtype)
        tokens = clip.ln_pre(tokens)  # (B, 1 + h·w, 768)
        _, levels = clip.transformer.forward_intermediates(tokens, indices=self.blocks)
        return [(clip.ln_post(level[:, 1:]) @ clip.proj).mT.unflatten(2, grid) for level in levels]

    def _positions(self, grid: tuple[int, int]) -> Tensor:
        """Position embeddings of a grid of tokens, interpolated from those that CLIP has, (1 + h·w, 768)."""
        learnt: Tensor = self.visual.positional_embedding
        known = self.visual.grid_size
        if grid == known:
            return learnt
        square = learnt[1:].T.unflatten(1, known)[None]  # (1, 768, 14, 14)
        resized = F.interpolate(square, grid, mode="bicubic", antialias=True)
        return torch.cat([learnt[:1], resized[0].flatten(1).T])


def _quarters(depth: int) -> list[int]:
    """Four blocks, evenly spaced, the last one included, counted from 0: 2, 5, 8 and 11 of 12."""
    return [depth * (level + 1) // _LEVELS - 1 for level in range(_LEVELS)]


def _require_patches(name: str, size: tuple[int, int]) -> None:
    if tuple(size) != (PATCH, PATCH):
        raise NucleusError(
            f"Expected a ViT with patches of {PATCH} pixels, got {name} with {size[0]}. Choose a ViT/16."
        )
