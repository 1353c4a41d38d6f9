"""What teacher and student cost: parameters, disk, memory, time; measured side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from napari_nucleus.inference.network import Predictor
from napari_nucleus.models.zoo import count_parameters
from napari_nucleus.training.distill.memory import PeakMemory

SIDE = 512
"""Side of the image that is measured with, in pixels."""

_RUNS = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a model, or of several that are asked together.

    Attributes
    ----------
    parameters : int
    disk_mb : float
        Of the weights' files.
    memory_mb : float
        The most that weights and features take together for an image of 512×512.
    seconds : float
        For such an image, all models and views: the processor's time on one thread, or the time on the GPU.
    """

    parameters: int
    disk_mb: float
    memory_mb: float
    seconds: float


def costs(predictors: Sequence[Predictor], disk_bytes: Sequence[int]) -> list[Cost]:
    """Measure each: all in this process, in turn, so that what else the machine does falls on all alike.

    Parameters
    ----------
    predictors : sequence of Predictor
        On one device.
    disk_bytes : sequence of int
        Of the weights of each.
    """
    spent: list[list[float]] = [[] for _ in predictors]
    with _one_thread():
        memory = [_memory_bytes(p) for p in predictors]  # also warms up
        for _ in range(_RUNS):
            for predictor, seconds in zip(predictors, spent, strict=True):
                seconds.append(_seconds(predictor))
    return [
        Cost(sum(map(count_parameters, p.networks)), disk / 1e6, peak / 1e6, statistics.median(seconds))
        for p, disk, peak, seconds in zip(predictors, disk_bytes, memory, spent, strict=True)
    ]


def _memory_bytes(predictor: Predictor) -> int:
    weights = sum(t.nbytes for network in predictor.networks for t in network.state_dict().values())
    with PeakMemory() as peak:
        _pass(predictor)
    return weights + peak.bytes


def _seconds(predictor: Predictor) -> float:
    on_gpu = torch.device(predictor.device).type == "cuda"
    clock = time.perf_counter if on_gpu else time.process_time
    start = clock()
    _pass(predictor)
    if on_gpu:
        torch.cuda.synchronize()
    return clock() - start


def _pass(predictor: Predictor) -> None:
    *_, _ = predictor.run(np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8))


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
