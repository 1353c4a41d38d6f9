"""Vision transformers of the library transformers (ViT, DINOv2): their weights under timm's names."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

# Applied in this order.
_NAMES = (
    (r"^(vit|dinov2)\.", ""),
    (r"^embeddings\.position_embeddings", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.projection", "patch_embed.proj"),
    (r"^embeddings\.", ""),
    (r"^encoder\.layer\.", "blocks."),
    (r"attention\.attention\.", "attn."),
    (r"attention\.output\.dense", "attn.proj"),
    (r"intermediate\.dense", "mlp.fc1"),
    (r"(?<=\d\.)output\.dense", "mlp.fc2"),
    (r"layernorm_before", "norm1"),
    (r"layernorm_after", "norm2"),
    (r"layer_scale(\d)\.lambda1", r"ls\1.gamma"),
    (r"^layernorm", "norm"),
)
_UNUSED = re.compile(r"^(pooler|mask_token|classifier)\b")


def to_timm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of transformers' ``ViTModel`` or ``Dinov2Model`` for timm's network of that size."""
    named = {_translated(name): tensor for name, tensor in state.items()}
    kept = {name: tensor for name, tensor in named.items() if not _UNUSED.match(name)}
    # timm asks for query, key and value in one product.
    for name in [n for n in kept if ".attn.query." in n]:
        parts = [kept.pop(name.replace("query", part)) for part in ("query", "key", "value")]
        kept[name.replace("query", "qkv")] = torch.cat(parts)
    return kept


def _translated(name: str) -> str:
    for pattern, replacement in _NAMES:
        name = re.sub(pattern, replacement, name)
    return name
