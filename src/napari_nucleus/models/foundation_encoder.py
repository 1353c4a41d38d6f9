"""Foundation models of pathology as frozen encoders: vision transformers of timm, as their authors declare them.

None ships with this package. Their weights come from the hub when asked for; most authors want you to sign in there and
accept the licence first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from napari_nucleus.core import NucleusError
from napari_nucleus.models.library import encoder_file
from napari_nucleus.models.timm_encoder import create_timm, fetching
from napari_nucleus.models.transformers_layout import to_timm

TOKEN_PX = 16
"""Image pixels a token, along a side, whatever the encoder's patch: 256 pixels give 16×16 tokens."""

_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class FoundationModel:
    """What a foundation model is made of.

    Attributes
    ----------
    architecture : str
        timm's name.
    hub : str or None
        Where its weights are; None for timm's own.
    licence : str
        Of the weights.
    options : dict
        What differs from timm's network of that name.
    mean, std : tuple of float
        Of the images that it was trained on.
    transformers : bool
        Whether its weights have the names of the library transformers, not timm's.
    """

    architecture: str
    hub: str | None
    licence: str
    options: dict[str, Any] = field(default_factory=dict)
    mean: tuple[float, float, float] = _IMAGENET[0]
    std: tuple[float, float, float] = _IMAGENET[1]
    transformers: bool = False


FOUNDATION_MODELS = {
    "hoptimus0": FoundationModel(
        "vit_giant_patch14_reg4_dinov2",
        "bioptimus/H-optimus-0",
        "Apache 2.0",
        {"init_values": 1e-5},
        (0.707223, 0.578729, 0.703617),
        (0.211883, 0.230117, 0.177517),
    ),
    "uni": FoundationModel("vit_large_patch16_224", "MahmoodLab/UNI", "CC BY-NC-ND 4.0", {"init_values": 1e-5}),
    "uni2-h": FoundationModel(
        "vit_giant_patch14_224",
        "MahmoodLab/UNI2-h",
        "CC BY-NC-ND 4.0",
        {
            "embed_dim": 1536,
            "depth": 24,
            "num_heads": 24,
            "init_values": 1e-5,
            "reg_tokens": 8,
            "no_embed_class": True,
            "mlp_ratio": 5.33334,
            "swiglu": True,
        },
    ),
    "virchow2": FoundationModel(
        "vit_huge_patch14_224",
        "paige-ai/Virchow2",
        "CC BY-NC-ND 4.0",
        {"init_values": 1e-5, "reg_tokens": 4, "mlp_ratio": 5.3375, "swiglu": True},
    ),
    "phikon": FoundationModel("vit_base_patch16_224", "owkin/phikon", "Owkin, non-commercial", transformers=True),
    "phikon-v2": FoundationModel(
        "vit_large_patch16_224", "owkin/phikon-v2", "Owkin, non-commercial", {"init_values": 1e-5}, transformers=True
    ),
    "dinov2": FoundationModel("vit_large_patch14_reg4_dinov2", None, "Apache 2.0", {"init_values": 1e-5}),
}


class FrozenViT(nn.Module):
    """Token maps of a vision transformer that is never trained.

    Parameters
    ----------
    name : str
        One of `FOUNDATION_MODELS`, or any vision transformer of timm.
    blocks : sequence of int or None
        Whose outputs are returned, counted from 0; None for four that lie as 1, 14, 26 and 38 do among 40.
    pretrained : bool
        Fetch its weights (from their hub).
    **options
        Of timm's network, in place of the model's own, such as ``depth``.

    Attributes
    ----------
    channels : int
        Of every token map.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, name: str, blocks: Sequence[int] | None = None, pretrained: bool = False, **options: Any
    ) -> None:
        super().__init__()
        model = FOUNDATION_MODELS.get(name) or FoundationModel(name, None, "")
        self.vit = _vit(model, pretrained, options)
        parts: Any = self.vit
        depth = len(parts.blocks)
        self.blocks = list(blocks) if blocks is not None else [1, depth // 3 + 1, 2 * depth // 3, depth - 2]
        if self.blocks != sorted(set(self.blocks) & set(range(depth))):
            raise NucleusError(
                f"Expected different blocks from 0 to {depth - 1} of {name}, in order, got {self.blocks}. Give others "
                "as `blocks`."
            )
        self.channels: int = parts.embed_dim
        self.patch: int = parts.patch_embed.patch_size[0]
        self.register_buffer("mean", torch.tensor(model.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(model.std).view(1, 3, 1, 1))
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> FrozenViT:
        """Stay as in evaluation, without dropout."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, image: Tensor) -> list[Tensor]:
        """Token maps of images (B, 3, H, W), a (B, channels, H/16, W/16) for each block."""
        height, width = (side // TOKEN_PX * self.patch for side in image.shape[-2:])
        sized = F.interpolate(image, (height, width), mode="bilinear")  # 256 -> 224 px for patches of 14
        vit: Any = self.vit
        tokens: list[Tensor] = vit.forward_intermediates(
            (sized - self.mean) / self.std, indices=self.blocks, stop_early=True, intermediates_only=True
        )
        return tokens


def _vit(model: FoundationModel, pretrained: bool, options: dict[str, Any]) -> nn.Module:
    from timm.layers import SwiGLUPacked  # takes seconds
    from timm.models import is_model_in_modules

    if not is_model_in_modules(model.architecture, ("vision_transformer",)):
        raise NucleusError(
            f"Expected a vision transformer ({', '.join(FOUNDATION_MODELS)} or one of timm), got {model.architecture}. "
            "Choose one of those."
        )
    settings = {"img_size": 224, "num_classes": 0, "global_pool": "", "dynamic_img_size": True}
    settings |= model.options | options
    if settings.pop("swiglu", False):
        settings |= {"mlp_layer": SwiGLUPacked, "act_layer": nn.SiLU}
    vit = create_timm(model.architecture, pretrained and not model.transformers, model.hub, **settings)
    if pretrained and model.transformers and model.hub:
        imported = encoder_file(model.hub)
        with fetching(model.hub, imported):
            vit.load_state_dict(to_timm(load_file(imported) if imported else _downloaded(model.hub)))
    return vit


def _downloaded(hub: str) -> Mapping[str, Tensor]:
    from timm.models import load_state_dict_from_hf

    state: Mapping[str, Tensor] = load_state_dict_from_hf(hub, weights_only=True)
    return state
