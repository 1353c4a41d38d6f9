"""Time of `morphology` against scikit-image's ``regionprops_table``, and of graph builders, as nuclei grow in number.

    python benchmarks/morphology.py [TILE.npz]

The tile (its ``inst``; by default the bundled one) is laid beside and under itself.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from skimage.measure import regionprops_table

from napari_nucleus.core import NucleusMap
from napari_nucleus.graph import build_graph, morphology
from napari_nucleus.io.samples import consep_tile

PROPERTIES = (
    "area", "perimeter", "axis_major_length", "axis_minor_length", "eccentricity", "orientation", "solidity", "extent",
    "equivalent_diameter_area",
)  # fmt: skip


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """Least of several runs, after one that compiles."""
    work()
    runs = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        runs.append(time.perf_counter() - start)
    return min(runs)


def repeated(labels: np.ndarray, times: int) -> np.ndarray:
    """A tile beside and under itself, every nucleus with a label of its own."""
    rows = []
    for i in range(times):
        shifts = [(i * times + j) * int(labels.max()) for j in range(times)]
        rows.append(np.hstack([np.where(labels > 0, labels + shift, 0) for shift in shifts]))
    return np.vstack(rows)


def main() -> None:
    tile = np.load(sys.argv[1], allow_pickle=False)["inst"] if len(sys.argv) > 1 else consep_tile()[1].labels
    print("nuclei  morphology s  with stains s  regionprops_table s  ratio  µs a nucleus")
    for times in (1, 2, 4, 6):
        labels = repeated(tile, times)
        nuclei = NucleusMap.from_labels(labels)
        image = np.full((*labels.shape, 3), 120, np.uint8)
        ours = seconds(lambda n=nuclei: morphology(n))
        stained = seconds(lambda n=nuclei, i=image: morphology(n, i))
        theirs = seconds(lambda x=labels: regionprops_table(x, properties=PROPERTIES), 1)
        print(
            f"{len(nuclei):6,}  {ours:12.3f}  {stained:13.3f}  {theirs:19.2f}  {theirs / ours:4.0f}×  "
            f"{1e6 * ours / len(nuclei):12.1f}"
        )
    print("\nnuclei  knn s  radius s  delaunay s")
    for n in (10_000, 100_000):
        side = int(np.ceil(np.sqrt(n)))
        grid = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), -1).reshape(-1, 2)[:n] * 12
        y, x = (grid + np.random.default_rng(0).integers(0, 10, grid.shape)).T
        labels = np.zeros((side * 12, side * 12), np.int32)
        labels[y, x] = np.arange(1, n + 1)
        nuclei = NucleusMap.from_labels(labels, mpp=0.75)
        times = [seconds(lambda m=m, n=nuclei: build_graph(n, m)) for m in ("knn", "radius", "delaunay")]
        print(f"{n:6,}  " + "  ".join(f"{t:.3f}" for t in times))


if __name__ == "__main__":
    main()
