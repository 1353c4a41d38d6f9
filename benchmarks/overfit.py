"""Overfit proof: each dense architecture learns four crops of real tissue by heart, decoded by our own decoders.

    python benchmarks/overfit.py [MODEL ...]                                # small configurations, on a CPU
    python benchmarks/overfit.py [MODEL ...] --full --device cuda           # full size
    python benchmarks/overfit.py MODEL --full --steps 3 --crops 1           # a few steps of full size

Losses, targets and decoders fit together when a network that is taught with them gives the annotated nuclei back. The
crops are those of the bundled CoNSeP tile, a test tile: nothing that is trained here is kept or chosen by.

The whole of the crops is one batch, without augmentation; the network is judged in evaluation mode, with the running
statistics of its norms. "ceiling" is the PQ of the targets themselves when they are decoded: crops cut nuclei into
slivers that the decoders drop.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.core import NucleusMap
from napari_nucleus.inference.device import autocast
from napari_nucleus.inference.planes import Layout, Planes, planes_of
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.metrics import detection_f1, panoptic_quality
from napari_nucleus.models import create_model
from napari_nucleus.models.memory_format import channels_last
from napari_nucleus.models.registry import architectures, is_dense
from napari_nucleus.models.zoo import count_parameters
from napari_nucleus.postprocess.decoding import decode
from napari_nucleus.postprocess.thresholds import Thresholds
from napari_nucleus.training.dense_targets import dense_targets
from napari_nucleus.training.objective import Targets, objective

_TINY_CLIP = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 64, "patch_size": 16, "layers": 4, "width": 32, "head_width": 16},
    "text_cfg": {"layers": 1, "width": 16, "heads": 2},
}
SMALL: dict[str, dict[str, Any]] = {
    "hovernet": {"width": 8},
    "hovernet_seresnext101": {"encoder": "resnet10t", "widths": (64, 32), "dropout": 0.0},
    "hovernet_seresnext50": {"encoder": "resnet10t", "widths": (64, 32), "dropout": 0.0},
    "mobilevit_unet": {"encoder": "mobilevitv2_050", "widths": (64, 64, 48, 32, 24)},
    "msanet": {
        "encoder": "test_vit",
        "clip_options": _TINY_CLIP,
        "widths": (48, 48, 32, 32),
        "depths": (1, 1, 1, 1),
        "volume_width": 16,
        "features": 64,
    },
    "nucleus_small": {},
    "unetr_hoptimus0": {
        "encoder_options": {"embed_dim": 96, "depth": 4, "num_heads": 2},
        "blocks": (0, 1, 2, 3),
        "widths": (96, 64, 48, 32),
    },
}
_CORNERS = ((96, 864), (864, 0), (192, 96), (384, 384))  # y, x; crowded, and each with all classes of the tile
_MPP = 0.25
_RATE, _RATE_OF_FULL = 2e-3, 3e-4
_GOAL = 0.9
_CHECK_EVERY = 20


class Crops(NamedTuple):
    """The batch: images (B, 3, S, S) in [0, 1], and what is annotated in them."""

    image: Tensor
    truth: list[NucleusMap]


class Score(NamedTuple):
    """PQ, the mean over the crops; F of detection, and the mean F of the classes, over all crops together."""

    pq: float
    f_d: float
    f_c: float


def crops(side: int, count: int) -> Crops:
    """Crops of the tile, with the nuclei as the crops cut them."""
    image, nuclei = consep_tile()
    kinds = nuclei.type_map()
    corners = [[min(start, edge - side) for start, edge in zip(c, image.shape, strict=True)] for c in _CORNERS[:count]]
    windows = [(slice(y, y + side), slice(x, x + side)) for y, x in corners]
    pixels = np.stack([np.asarray(image.array)[window] for window in windows])
    truth = [
        NucleusMap.from_labels(nuclei.labels[w], mpp=_MPP, classes=nuclei.scheme, type_map=kinds[w]) for w in windows
    ]
    return Crops(torch.from_numpy(pixels).movedim(-1, 1).float() / 255, truth)


def targets_of(truth: list[NucleusMap], names: tuple[str, ...]) -> Targets:
    """What the crops should be answered with."""
    made = [dense_targets(nuclei.labels, names) for nuclei in truth]
    labels, kinds = (torch.from_numpy(np.stack(m)) for m in ([t.labels for t in truth], [t.type_map() for t in truth]))
    return Targets(
        nucleus=(labels > 0)[:, None].float(),
        types=kinds.long(),
        typed=torch.ones(len(truth), dtype=torch.bool),
        **{name: torch.from_numpy(np.stack([m[name] for m in made])) for name in names},
    )


def decoded(layout: Layout, planes: Tensor, truth: list[NucleusMap]) -> list[NucleusMap]:
    """Nuclei of each crop."""
    kinds = truth[0].scheme
    return [decode(Planes(layout, crop).maps(_MPP), kinds, Thresholds()) for crop in planes.cpu().numpy()]


def score(truth: list[NucleusMap], found: list[NucleusMap]) -> Score:
    """How well the nuclei agree with the annotated ones."""
    pairs = zip(truth, found, strict=True)
    pq = float(np.mean([panoptic_quality(t.labels, f.labels).pq for t, f in pairs]))
    yx = [[nuclei.table[["y_px", "x_px"]].to_numpy() for nuclei in side] for side in (truth, found)]
    types = [[nuclei.class_numbers for nuclei in side] for side in (truth, found)]
    detection = detection_f1(*yx, *types, n_classes=len(truth[0].scheme))
    return Score(pq, detection.f_d, float(np.nanmean(detection.f_c)))


def ceiling(truth: list[NucleusMap], name: str) -> float:
    """PQ of the targets themselves, decoded."""
    targets = targets_of(truth, (name,))
    types = F.one_hot(targets.types, 1 + len(truth[0].scheme)).movedim(-1, 1).float()
    vectors: Any = getattr(targets, name)
    layout = Layout(flow=name == "flow", n_types=types.shape[1])
    return score(truth, decoded(layout, torch.cat([targets.nucleus, vectors, types], 1), truth)).pq


class Result(NamedTuple):
    """What a network came to."""

    steps: int
    seconds: float
    losses: list[float]  # of each step
    score: Score


def learn(network: Any, batch: Crops, rate: float, steps: int, device: str) -> Result:
    """Teach a network the crops until PQ and classes are there, or the steps are over."""
    network = channels_last(network.to(device))
    image = batch.image.to(device).contiguous(memory_format=torch.channels_last)
    weight = torch.ones(1 + len(batch.truth[0].scheme), device=device)
    targets = on(device, targets_of(batch.truth, network.targets))
    optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=max(steps, 40), pct_start=0.05)
    losses: list[float] = []
    start = time.perf_counter()
    for step in range(1, steps + 1):
        with autocast(device):  # as in `training.fit`
            output = network.train()(image)
        loss = torch.stack(list(objective(output, targets, weight).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if step % _CHECK_EVERY == 0 or step == steps:
            reached = judged(network, image, batch.truth)
            print(f"  {step:4} loss {losses[-1]:7.3f}  PQ {reached.pq:.3f}  F_c {reached.f_c:.3f}", flush=True)
            if min(reached) >= _GOAL:
                break
    return Result(step, time.perf_counter() - start, losses, reached)


@torch.inference_mode()
def judged(network: nn.Module, image: Tensor, truth: list[NucleusMap]) -> Score:
    """Score of a network as it segments: in evaluation mode."""
    with autocast(image.device.type):
        output = network.eval()(image)
    return score(truth, decoded(*planes_of(output), truth))


def on(device: str, targets: Targets) -> Targets:
    """The targets on a device."""
    moved = {f.name: getattr(targets, f.name) for f in fields(targets)}
    return Targets(**{name: None if tensor is None else tensor.to(device) for name, tensor in moved.items()})


def main() -> None:
    dense = [name for name in architectures() if is_dense(name)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=dense)
    parser.add_argument("--full", action="store_true", help="the architectures as they are, not small ones")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=600, help="at most")
    parser.add_argument("--side", type=int, default=128, help="of the crops, in pixels")
    parser.add_argument("--crops", type=int, default=len(_CORNERS))
    arguments = parser.parse_args()
    batch = crops(arguments.side, arguments.crops)
    print(f"{arguments.crops} crops of {arguments.side}², {sum(map(len, batch.truth))} nuclei")
    rows = []
    for name in arguments.models:
        torch.manual_seed(0)
        network: Any = create_model(name, classes=batch.truth[0].scheme, **({} if arguments.full else SMALL[name]))
        print(name, flush=True)
        rate = _RATE_OF_FULL if arguments.full else _RATE
        result = learn(network, batch, rate, arguments.steps, arguments.device)
        rows.append(row(name, network, result, ceiling(batch.truth, network.targets[0])))
    print("| model | parameters, M | steps | s | s/step | loss, first → last | PQ | ceiling | F_d | F_c |")
    print("|---" * 10 + "|", *rows, sep="\n")


def row(name: str, network: nn.Module, result: Result, best: float) -> str:
    """A row of the table."""
    numbers = result.score
    return (
        f"| `{name}` | {count_parameters(network) / 1e6:.2f} | {result.steps} | {result.seconds:.0f} | "
        f"{result.seconds / result.steps:.2f} | {result.losses[0]:.2f} → {result.losses[-1]:.2f} | "
        f"{numbers.pq:.3f} | {best:.3f} | {numbers.f_d:.3f} | {numbers.f_c:.3f} |"
    )


if __name__ == "__main__":
    main()
