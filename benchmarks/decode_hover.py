"""How long maps take to become nuclei: `decode_hover` against a plain script that visits nucleus after nucleus.

The plain one does what public HoVer-Net scripts do once the watershed is through: for each nucleus a mask of the whole
image, its contour, its centroid and the vote of its pixels. Both flood with the same watershed, whose share is shown.
`decode_hover` makes no contours, so the time of ours for them is added in a column of its own.

    python benchmarks/decode_hover.py [--sizes 256 1024 2048 4096] [--plain-up-to 2048]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import HoverMaps
from napari_nucleus.io.outlines import outlines
from napari_nucleus.postprocess import decode_hover, hover
from napari_nucleus.training.targets import hv_targets

NUCLEI_PER_MEGAPIXEL = 850
N_CLASSES = 4


class Stopwatch:
    """Seconds spent in a function, over all its calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.seconds = function, 0.0

    def __call__(self, *args: Any, **options: Any) -> Any:
        """The function's own result."""
        start = time.perf_counter()
        result = self.function(*args, **options)
        self.seconds += time.perf_counter() - start
        return result


def synthetic_maps(side: int) -> HoverMaps:
    """Maps of scattered ellipses as large as nuclei at 0.25 µm, some of them touching, with noise in HV and types."""
    rng = np.random.default_rng(side)
    count = round(NUCLEI_PER_MEGAPIXEL * side**2 / 1e6)
    labels = np.zeros((side, side), np.int32)
    centres = rng.integers(0, side, (count, 2))
    for number, centre, axes in zip(range(1, count + 1), centres, rng.integers(6, 12, (count, 2)), strict=True):
        cv2.ellipse(labels, centre.tolist(), axes.tolist(), float(rng.uniform(0, 180)), 0, 360, number, -1)
    noise = [cv2.GaussianBlur(rng.standard_normal(labels.shape, np.float32), (0, 0), 2) for _ in range(2)]
    hv = np.clip(hv_targets(labels) + 0.3 * np.stack(noise), -1, 1)
    types = np.where(labels > 0, 1 + labels % N_CLASSES, 0)
    type_prob = np.stack([(types == c) + 0.8 * rng.random(labels.shape, np.float32) for c in range(1 + N_CLASSES)])
    type_prob /= type_prob.sum(0)
    return HoverMaps((labels > 0).astype(np.float32), hv, type_prob.astype(np.float32))


def plain(maps: HoverMaps) -> dict[int, dict[str, Any]]:
    """Nuclei one by one, each from a mask of the whole image."""
    assert maps.type_prob is not None
    labels = decode_hover(HoverMaps(maps.np_prob, maps.hv)).labels
    type_map = maps.type_prob.argmax(0)
    return {int(i): one_nucleus(labels == i, type_map) for i in np.unique(labels)[1:]}


def one_nucleus(mask: NDArray[np.bool_], type_map: NDArray[np.int64]) -> dict[str, Any]:
    """Contour, centroid and class of one nucleus."""
    pixels = mask.astype(np.uint8)
    contour = cv2.findContours(pixels, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[0][0]
    moments = cv2.moments(pixels, binaryImage=True)
    centroid = moments["m01"] / moments["m00"], moments["m10"] / moments["m00"]
    kinds, votes = np.unique(type_map[mask], return_counts=True)
    order = kinds[np.argsort(-votes)]
    winner = order[1] if order[0] == 0 and len(order) > 1 else order[0]
    return {"contour": contour, "centroid": centroid, "type": int(winner)}


def timed(work: Callable[[], Any], repeats: int) -> tuple[Any, float, float]:
    """Result, seconds and the watershed's seconds of the fastest of several runs."""
    best = (np.inf, np.inf)
    for _ in range(repeats):
        hover.flood.seconds = 0.0
        start = time.perf_counter()
        result = work()
        best = min(best, (time.perf_counter() - start, hover.flood.seconds))
    return result, *best


def row(side: int, *, with_plain: bool) -> str:
    """One line of the table; checks on the way that both find the same nuclei and classes."""
    maps = synthetic_maps(side)
    nuclei, ours, flooding = timed(lambda: decode_hover(maps), 3)
    _, drawing, _ = timed(lambda: outlines(nuclei.labels), 1)
    line = (
        f"| {side}² | {len(nuclei)} | {ours:.3f} | {ours / side**2 * 1e6:.3f} | {flooding / ours:.0%} | {drawing:.3f} |"
    )
    if not with_plain:
        return f"{line} – | – | – | – |"
    found, theirs, flooding = timed(lambda: plain(maps), 1)
    assert [f["type"] for f in found.values()] == nuclei.class_numbers.tolist()
    ratios = f"{theirs / ours:.1f}× | {theirs / (ours + drawing):.1f}×"
    return f"{line} {theirs:.3f} | {flooding / theirs:.1%} | {ratios} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 1024, 2048, 4096], help="sides in pixels")
    parser.add_argument("--plain-up-to", type=int, default=2048, help="largest side for the plain one (slow)")
    choice = parser.parse_args()
    hover.flood = Stopwatch(hover.flood)
    cv2.setNumThreads(1)
    print(
        "| image | nuclei | ours, s | s/Mpx | watershed | outlines, s | plain, s | watershed | ratio | with outlines |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for side in choice.sizes:
        print(row(side, with_plain=side <= choice.plain_up_to), flush=True)


if __name__ == "__main__":
    main()
