"""Training state on disk: written whole or not at all, read without unpickling anything but tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from napari_nucleus.core import NucleusError
from napari_nucleus.training.whole_file import whole_file


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write everything that a resumed run needs; a kill or a full disk in the middle leaves the former file.

    Raises
    ------
    NucleusError
        It can't be written.
    """
    with whole_file(path) as file:
        torch.save(state, file)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What `write_checkpoint` wrote; empty where there is no file.

    Raises
    ------
    NucleusError
        The file is none of ours.
    """
    if not path.exists():
        return {}
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a broken pickle can end in nearly any error
        raise NucleusError(f"Expected a run's checkpoint in {path}, got something else. Start the run anew.") from None
    return dict(state)


def export_weights(path: Path, model: nn.Module, more: Mapping[str, Tensor] | None = None) -> None:
    """Write a model's weights as safetensors, floats in half precision: that is the file that ships.

    Parameters
    ----------
    path : Path
    model : nn.Module
    more : mapping, optional
        Further tensors, kept as they are.

    Raises
    ------
    NucleusError
        It can't be written.
    """
    weights = {
        name: tensor.detach().cpu().contiguous().to(torch.float16 if tensor.is_floating_point() else tensor.dtype)
        for name, tensor in model.state_dict().items()
    }
    with whole_file(path) as file:
        file.write(save({**weights, **(more or {})}))
