"""What making samples costs beside learning from them: targets, crops and augmentation against a training step.

All on one thread and on the tile that comes with the plugin, in milliseconds of the processor, medians. "A step's
samples" are eight crops of 256² px with HV targets; the step is that of `nucleus_small` on them. Targets of an image
are made once, when it is read; crops take them from there, or make them anew where an angle asks for it.

    python benchmarks/targets.py [--repeats 10] [--steps 3]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import create_model
from napari_nucleus.training.augment import Augmentation, Cut
from napari_nucleus.training.dense_targets import LABEL_TARGETS, dense_targets
from napari_nucleus.training.objective import Targets, objective

SIDE, BATCH = 256, 8
AUGMENTATIONS = {
    "none": Augmentation(flip=0, transpose=0, scale=1, stain=0, soften=0),
    "`nucleus_small`": Augmentation(scale=1.3),
    "`zhang_hovernet`": Augmentation(
        quarter_turn=0.5, scale=1, stain=0, soften=0, brightness=0.2, contrast=0.25, saturation=0.2, hue=0.5, blur=0.5
    ),
    "free angles": Augmentation(rotation=180, scale=1, stain=0, soften=0),
    "`guan_msanet`": Augmentation(
        transpose=0, rotation=90, scale=1.2, stain=0, soften=0, brightness=0.2, contrast=0.2, saturation=0.2
    ),
    "Macenko, each crop": Augmentation(macenko=1, scale=1, stain=0, soften=0),
    "Reinhard, each crop": Augmentation(reinhard=1, scale=1, stain=0, soften=0),
    "everything at once": Augmentation(
        quarter_turn=0.5, rotation=180, scale=1.3, brightness=0.2, contrast=0.25, saturation=0.2, hue=0.05, blur=0.5,
        macenko=0.25, reinhard=0.25,
    ),
}  # fmt: skip


def milliseconds(work: Callable[[], Any], repeats: int) -> float:
    """Median over several runs, the first of which isn't counted."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return float(np.median(taken)) * 1e3


def samples(
    image: NDArray[np.uint8],
    labels: NDArray[np.int32],
    hv: NDArray[np.float16],
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Images, nuclei and HV maps of one step."""
    crops = []
    for _ in range(BATCH):
        move = augmentation.move(rng)
        y, x = (int(rng.integers(size - move.reach(SIDE) + 1)) for size in labels.shape)
        cut = Cut(y, x, SIDE, move)
        colours = augmentation.recolour(cut.image(image), rng)
        nuclei = torch.from_numpy(np.ascontiguousarray(cut.nearest(labels) > 0)).float()[None]
        vectors = torch.from_numpy(np.ascontiguousarray(np.moveaxis(cut.target("hv", hv, labels), -1, 0)))
        crops.append((colours, nuclei, vectors))
    images, masks, vectors = (torch.stack(parts) for parts in zip(*crops, strict=True))
    return images, masks, vectors


def training_step(images: torch.Tensor, nuclei: torch.Tensor, hv: torch.Tensor) -> Callable[[], None]:
    """A step of `nucleus_small` as it is trained: bfloat16, forth and back, weights changed."""
    network = create_model("nucleus_small", classes="consep").train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    images = images.contiguous(memory_format=torch.channels_last)
    targets = Targets(nuclei, nuclei[:, 0].long(), torch.ones(len(nuclei), dtype=torch.bool), hv=hv)

    def step() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = network(images)
        optimizer.zero_grad()
        torch.stack(list(objective(output, targets, torch.ones(5)).values())).sum().backward()
        optimizer.step()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--steps", type=int, default=3, help="training steps that are timed")
    choice = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    tile, nuclei = consep_tile()
    image, labels = tile.array, nuclei.labels
    print("| target | 256², ms | 1000², ms |\n|---|---|---|")
    for name in LABEL_TARGETS:
        sizes = (np.ascontiguousarray(labels[:side, :side]) for side in (SIDE, 1000))
        times = (milliseconds(partial(dense_targets, part, [name]), choice.repeats) for part in sizes)
        print(f"| {name} | " + " | ".join(f"{t:.1f}" for t in times) + " |", flush=True)
    hv = np.moveaxis(dense_targets(labels, ["hv"])["hv"], 0, -1).astype(np.float16)
    drawn = partial(samples, image, labels, hv)
    step = milliseconds(training_step(*drawn(AUGMENTATIONS["none"], np.random.default_rng(0))), choice.steps)
    print(f"\nA step of `nucleus_small`: {step:.0f} ms.\n\n| a step's samples | ms | share of a step |\n|---|---|---|")
    for name, augmentation in AUGMENTATIONS.items():
        taken = milliseconds(partial(drawn, augmentation, np.random.default_rng(0)), choice.repeats)
        print(f"| {name} | {taken:.0f} | {taken / step:.1%} |", flush=True)


if __name__ == "__main__":
    main()
