"""How long flows take to become nuclei, and labels to become flows; Cellpose's own beside them where it is installed.

Nothing else needs Cellpose (`pip install cellpose`). Its part of the decoding is `dynamics.compute_masks` without the
check of shapes against the flow; of the targets `dynamics.masks_to_flows_gpu`, on the CPU in spite of its name. All on
one thread, in seconds of the processor, so that other work on the machine counts less. Ours makes the table, too.

    python benchmarks/flows.py [--sizes 256 1024 2048] [--tiles FILE.npz ...] [--cellpose]

`--tiles` takes label images (`inst` in an npz) in place of drawn ones.
"""

from __future__ import annotations

import argparse
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from napari_nucleus.core import FlowMaps
from napari_nucleus.metrics import panoptic_quality
from napari_nucleus.postprocess import decode_flows
from napari_nucleus.postprocess.regions import in_reading_order
from napari_nucleus.training.flow_targets import flow_targets

NUCLEI_PER_MEGAPIXEL = 850
CELLPOSE_MIN_PIXELS = 15


def drawn(side: int) -> NDArray[np.int32]:
    """Scattered ellipses as large as nuclei at 0.25 µm, some of them touching."""
    rng = np.random.default_rng(side)
    labels = np.zeros((side, side), np.int32)
    count = round(NUCLEI_PER_MEGAPIXEL * side**2 / 1e6)
    centres = rng.integers(0, side, (count, 2))
    for number, centre, axes in zip(range(1, count + 1), centres, rng.integers(6, 12, (count, 2)), strict=True):
        cv2.ellipse(labels, centre.tolist(), axes.tolist(), float(rng.uniform(0, 180)), 0, 360, number, -1)
    return in_reading_order(labels)  # Cellpose takes no gaps


def noisy(labels: NDArray[np.int32], flow: NDArray[np.floating], noise: float) -> FlowMaps:
    """Maps as a network might give them: smooth noise in the flow and in the blurred edges."""
    rng = np.random.default_rng(0)
    soft = np.stack([cv2.GaussianBlur(rng.standard_normal(labels.shape), (0, 0), 2) * 7 for _ in range(3)])
    fine = noise / 2 * rng.standard_normal(flow.shape)
    prob = cv2.GaussianBlur((labels > 0).astype(float), (0, 0), 1) + noise / 2 * soft[2]
    return FlowMaps(flow + noise * soft[:2] + fine, np.clip(prob, 0.001, 0.999))


def timed(work: Callable[[], Any], repeats: int) -> tuple[Any, float]:
    """Result and processor seconds of the fastest of several runs."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return result, best


def cellpose_flows(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Cellpose's targets, (2, H, W)."""
    from cellpose import dynamics

    return np.asarray(dynamics.masks_to_flows_gpu(labels)[0])


def cellpose_labels(maps: FlowMaps, flow_threshold: float) -> NDArray[np.int32]:
    """Cellpose's nuclei of the maps, in its network's terms: five times the flow, and a logit."""
    from cellpose import dynamics

    logit = np.log(maps.prob / (1 - maps.prob))
    found = dynamics.compute_masks(5 * maps.flow, logit, flow_threshold=flow_threshold, min_size=CELLPOSE_MIN_PIXELS)
    return np.asarray(found[0] if isinstance(found, tuple) else found, np.int32)


def agreement(
    labels: NDArray[np.int32], ours: NDArray[np.floating], theirs: NDArray[np.floating]
) -> tuple[float, float]:
    """Mean cosine in nuclei: of all pixels, and of those that don't lie beside another nucleus."""
    square = np.ones((3, 3), np.uint8)
    highest = cv2.dilate(labels.astype(np.float32), square)
    lowest = cv2.erode(np.where(labels > 0, labels, 2**24).astype(np.float32), square)
    inside, cosine = labels > 0, (ours * theirs).sum(0)
    return float(cosine[inside].mean()), float(cosine[inside & (highest == labels) & (lowest == labels)].mean())


def row(name: str, labels: NDArray[np.int32], noise: float, *, with_cellpose: bool) -> str:
    """One line of the table."""
    flow, making = timed(lambda: flow_targets(labels), 3)
    maps = noisy(labels, flow, noise)
    found, decoding = timed(lambda: decode_flows(maps, min_area_um2=CELLPOSE_MIN_PIXELS / 16).labels, 3)
    line = f"| {name} | {len(np.unique(labels)) - 1} | {decoding:.3f} | {making:.3f} |"
    if not with_cellpose:
        return line
    theirs, their_decoding = timed(lambda: cellpose_labels(maps, 0), 3)
    checked = cellpose_labels(maps, 0.4)
    their_flow, their_making = timed(lambda: cellpose_flows(labels), 1)
    like, like_making = timed(lambda: flow_targets(labels, like_cellpose=True), 3)
    quality = [
        panoptic_quality(a, b).pq for a, b in ((theirs, found), (checked, found), (labels, found), (labels, theirs))
    ]
    return (
        f"{line} {their_decoding:.3f} | {their_decoding / decoding:.1f}× | "
        + " | ".join(f"{pq:.3f}" for pq in quality)
        + f" | {their_making:.2f} | {their_making / making:.0f}× | "
        + " | ".join(f"{cosine:.4f}" for cosine in agreement(labels, flow, their_flow))
        + f" | {their_making / like_making:.0f}× | {agreement(labels, like, their_flow)[0]:.4f} |"
    )


def images(choice: argparse.Namespace) -> Iterator[tuple[str, NDArray[np.int32]]]:
    for side in [] if choice.tiles else choice.sizes:
        yield f"{side}²", drawn(side)
    for path in choice.tiles:
        yield path.stem, np.load(path, allow_pickle=False)["inst"].astype(np.int32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 1024, 2048], help="sides in pixels")
    parser.add_argument("--tiles", type=Path, nargs="+", default=[], help="npz files with `inst`")
    parser.add_argument("--noise", type=float, default=0.3, help="of the flow, whose length is 1")
    parser.add_argument("--cellpose", action="store_true", help="compare with the installed Cellpose")
    choice = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    heads = ["image", "nuclei", "decode, s", "targets, s"]
    if choice.cellpose:
        logging.disable(logging.CRITICAL)
        warnings.simplefilter("ignore")
        heads += ["Cellpose decode, s", "ratio", "PQ of the two", "PQ, shapes checked", "PQ ours", "PQ Cellpose"]
        heads += ["Cellpose targets, s", "ratio", "cosine", "cosine apart", "ratio, like_cellpose", "cosine"]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for name, labels in images(choice):
        print(row(name, labels, choice.noise, with_cellpose=choice.cellpose), flush=True)


if __name__ == "__main__":
    main()
