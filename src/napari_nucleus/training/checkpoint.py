"""Training state on disk: written whole or not at all, read without unpickling anything but tensors."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.optim import Optimizer


def save_state(path: Path, step: int, model: nn.Module, averaged: nn.Module, optimizer: Optimizer) -> None:
    """Write everything that a resumed run needs; a kill in the middle leaves the former file."""
    part = path.with_suffix(".part")
    state = {
        "step": step,
        "model": model.state_dict(),
        "averaged": averaged.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    torch.save(state, part)
    part.replace(path)


def load_state(path: Path, model: nn.Module, averaged: nn.Module, optimizer: Optimizer) -> int:
    """Put a saved state back and return the number of steps that it has behind it (0 where there is no file)."""
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    averaged.load_state_dict(state["averaged"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def export_weights(path: Path, model: nn.Module) -> None:
    """Write a model's weights as safetensors, floats in half precision: that is the file that ships."""
    weights = {
        name: tensor.detach().cpu().contiguous().to(torch.float16 if tensor.is_floating_point() else tensor.dtype)
        for name, tensor in model.state_dict().items()
    }
    part = path.with_suffix(".part")
    save_file(weights, part)
    part.replace(path)
