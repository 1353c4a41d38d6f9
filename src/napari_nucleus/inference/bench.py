"""Size and speed of networks, measured on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from napari_nucleus.inference.device import autocast
from napari_nucleus.models import ModelInfo, create_model
from napari_nucleus.models.memory_format import channels_last
from napari_nucleus.models.zoo import build_network, count_parameters

PUBLISHED = {
    "hovernet": "37,639,691 parameters, 26.2 ms an image on an RTX 3090 (Zhang et al.); "
    "82.3 ms and 11.2 GB for 16 of 270² on an RTX 4090 (Guan et al.)",
    "hovernet_seresnext50": "33,671,843 parameters; both, with three views each: 142.1 ms an image on an RTX 3090 "
    "(Zhang et al.)",
    "hovernet_seresnext101": "55,067,363 parameters (Zhang et al.)",
    "mobilevit_unet": "24,093,393 parameters, 15,935 MB in all, 3 GB for a batch of 32 (Shvetsov et al.)",
    "msanet": "45.6 ms and 8.4 GB for 16 of 270² on an RTX 4090 (Guan et al.)",
    "unetr_hoptimus0": "1,158,917,906 parameters, 87,912 MB in all, 16 GB for a batch of 32 (Shvetsov et al.)",
}
"""What the papers print of each architecture."""

GPU_BATCHES = (16, 32)
# The sizes that their papers feed them; 256 otherwise.
_SIDES = {"cell_resnet50": 64, "msanet": 270, "nucleus_clip": 64}
_RUNS = 5
_GB = 1e9
# Beside its weights a network of a patch needs room for its features.
_FEATURES_GB = 2.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Of a batch on a GPU: milliseconds, and the most memory in GB."""

    ms: float
    peak_gb: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of a model or an architecture.

    Attributes
    ----------
    name : str
    side : int
        Of the patch, in pixels.
    parameters : int
    macs : int
        Multiplications with addition for a patch, in convolutions and matrix products.
    file_bytes : int
        Of its weights in half precision; of the file where there is one.
    cpu_s : float or None
        Processor seconds a patch on one thread, median; None where memory is short.
    gpu : dict
        Batch size to `Speed`, or to None where memory is short; empty without CUDA.
    published : str
        What its paper prints.
    """

    name: str
    side: int
    parameters: int
    macs: int
    file_bytes: int
    cpu_s: float | None
    gpu: dict[int, Speed | None]
    published: str


def bench(model: ModelInfo) -> Figures:
    """Measure a model of the list; one without trained weights with random ones.

    Beside the counts, which need no memory, it is run on the CPU where that has room, and on CUDA where there is any.
    """
    architecture = model.card.architecture if model.card else model.name
    side = _SIDES.get(architecture, 256)
    with torch.device("meta"):
        outline = _built(model)
    parameters = count_parameters(outline)
    stored = model.weights.stat().st_size if model.weights else half_precision_bytes(outline)
    cpu_s, gpu = _speeds(model, side, 4 * parameters / _GB)
    return Figures(
        model.name, side, parameters, count_macs(outline, side), stored, cpu_s, gpu, PUBLISHED.get(architecture, "")
    )


def count_macs(network: nn.Module, side: int) -> int:
    """Multiplications with addition for an image (1, 3, side, side), in convolutions and matrix products."""
    device = next(network.parameters()).device
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.eval()(torch.zeros(1, 3, side, side, device=device))
    return counter.get_total_flops() // 2


def half_precision_bytes(network: nn.Module) -> int:
    """Size of a network's weights in a file, floats in two bytes each."""
    tensors = network.state_dict().values()
    return sum(t.numel() * (2 if t.is_floating_point() else t.element_size()) for t in tensors)


def _built(model: ModelInfo) -> nn.Module:
    return create_model(model.name) if model.card is None else build_network(model.card)


def _speeds(model: ModelInfo, side: int, weights_gb: float) -> tuple[float | None, dict[int, Speed | None]]:
    if psutil.virtual_memory().available / _GB < weights_gb + _FEATURES_GB:
        return None, {}
    network = channels_last(_built(model).eval())
    cpu_s = _cpu_seconds(network, side)
    if not torch.cuda.is_available():
        return cpu_s, {}
    network = network.cuda()
    return cpu_s, {batch: _gpu_speed(network, batch, side) for batch in GPU_BATCHES}


def _cpu_seconds(network: nn.Module, side: int) -> float:
    """On one thread, counted as the processor's time, so that other programs beside it matter little."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        patch = _patches(1, side, "cpu")
        return _median(network, patch, time.process_time)
    finally:
        torch.set_num_threads(threads)


def _gpu_speed(network: nn.Module, batch: int, side: int) -> Speed | None:
    def now() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    try:
        seconds = _median(network, _patches(batch, side, "cuda"), now)
    except torch.OutOfMemoryError:
        return None
    return Speed(1000 * seconds, torch.cuda.max_memory_allocated() / _GB)


def _median(network: nn.Module, patches: Tensor, clock: Callable[[], float]) -> float:
    """Seconds of a forward pass in the precision of `segment`, after one to warm up."""
    spent = []
    with torch.inference_mode(), autocast(patches.device.type):
        for _ in range(1 + _RUNS):
            start = clock()
            network(patches)
            spent.append(clock() - start)
    return statistics.median(spent[1:])


def _patches(batch: int, side: int, device: str) -> Tensor:
    return torch.rand(batch, 3, side, side, device=device).contiguous(memory_format=torch.channels_last)
