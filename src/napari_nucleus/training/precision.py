"""What a run computes in: half precision inside the network, single precision in the losses."""

from __future__ import annotations

from typing import Any

import torch
from lightning_fabric.plugins import MixedPrecision, Precision
from torch import nn

from napari_nucleus.core import NucleusError
from napari_nucleus.inference.device import cpu_has_bfloat16


class _InsideForward(MixedPrecision):
    """Half precision inside the network alone: its input stays as fine as it is."""

    def convert_input(self, data: Any) -> Any:
        return data


def precision_of(name: str, device: torch.device) -> Precision:
    """Lightning's plugin for a recipe's ``precision``, gradient scaling of float16 included.

    Raises
    ------
    NucleusError
        Apple's GPUs don't train in float16.
    """
    name = _best_on(device) if name == "auto" else name
    if name == "float32":
        return Precision()
    if device.type == "mps" and name == "float16":
        raise NucleusError("Expected precision bfloat16 or float32 on Apple's GPUs, got float16. Change precision.")
    return _InsideForward("16-mixed" if name == "float16" else "bf16-mixed", device.type)


def _best_on(device: torch.device) -> str:
    """bfloat16; float16 on GPUs that only imitate it, float32 on such processors and on Apple's GPUs."""
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    return "bfloat16" if device.type == "cpu" and cpu_has_bfloat16() else "float32"


class InPrecision(nn.Module):
    """A network that is only asked, computing as it does in training; in all else it is the network itself."""

    def __init__(self, network: nn.Module, precision: Precision) -> None:
        super().__init__()
        self.network = network.eval()
        self._precision = precision

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """What the network answers, in single precision."""
        with self._precision.forward_context():
            return self._precision.convert_output(self.network(*inputs, **named))

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.network, name)
