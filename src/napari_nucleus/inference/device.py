"""Where a network runs: CUDA, Apple's MPS or the CPU."""

from __future__ import annotations

import torch

from napari_nucleus.core import NucleusError


def list_devices() -> list[str]:
    """Devices of this machine, the fastest first; the CPU is always there and last."""
    devices = [f"cuda:{i}" if i else "cuda" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, "cpu"]


def resolve_device(name: str = "auto") -> str:
    """The device to use: ``"auto"`` is the fastest of `list_devices`.

    Raises
    ------
    NucleusError
        This machine has no such device; the message names those that it has.
    """
    devices = list_devices()
    if name == "auto":
        return devices[0]
    if name not in devices:
        raise NucleusError(f"Expected a device of this machine (auto, {', '.join(devices)}), got {name!r}.")
    return name


def autocast(device: str) -> torch.autocast:
    """Half precision where the hardware computes in it: float16 on CUDA, bfloat16 on CPUs that have the instruction."""
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.autocast("cuda", dtype=torch.float16)
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=kind == "cpu" and cpu_has_bfloat16())


def cpu_has_bfloat16() -> bool:
    """Whether the processor computes in bfloat16 itself; where it doesn't, PyTorch imitates it, ten times as slowly."""
    has_instruction = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)  # torch has no public question
    return bool(has_instruction())


def precision(device: str) -> str:
    """What networks compute in on a device, such as ``"bfloat16"``."""
    kind = torch.device(device).type
    with autocast(device):
        half = torch.is_autocast_enabled(kind)
        return str(torch.get_autocast_dtype(kind) if half else torch.float32).removeprefix("torch.")
