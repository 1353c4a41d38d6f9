"""How well one click outlines a nucleus that the default model has missed: IoU with the annotated one, and the time."""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

import napari_nucleus as nnuc
from napari_nucleus.app.correct.proposal import Proposal, propose
from napari_nucleus.io import open_patches

STEPS = 7
TILES = ("train_3", "train_10", "train_12", "train_22", "train_24")  # validation


def overlap(proposal: Proposal, nucleus: NDArray[np.bool_]) -> float:
    y0, x0, y1, x1 = proposal.box
    common = (nucleus[y0:y1, x0:x1] & proposal.pixels).sum()
    return common / (nucleus.sum() + proposal.pixels.sum() - common)


def with_wheel(proposal: Proposal, nucleus: NDArray[np.bool_]) -> float:
    """The best that up to seven turns of the wheel, up or down, can give."""
    best, larger, smaller = overlap(proposal, nucleus), proposal, proposal
    for _ in range(STEPS):
        larger, smaller = larger.grow(), smaller.shrink()
        best = max(best, overlap(larger, nucleus), overlap(smaller, nucleus))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of CoNSeP")
    patches, found, times = open_patches(parser.parse_args().data), [], []
    for name in TILES:
        patch = patches.patch(patches.names.index(name))
        result = nnuc.segment(patch.image)
        labels, truth = result.nuclei.labels, patch.truth.labels
        for label in patch.truth.table["label"]:
            nucleus = truth == label
            y, x = np.nonzero(nucleus)
            nearest = np.argmin((y - y.mean()) ** 2 + (x - x.mean()) ** 2)
            place = int(y[nearest]), int(x[nearest])
            if (labels[nucleus] > 0).mean() >= 0.1 or labels[place]:
                continue
            start = perf_counter()
            proposal = propose(place, labels, result.maps)
            times.append(1000 * (perf_counter() - start))
            found.append((overlap(proposal, nucleus), with_wheel(proposal, nucleus)))
    click, wheel = np.array(found).T
    print(f"{len(found)} missed nuclei in {len(TILES)} tiles")
    for what, values in (("one click", click), ("with the wheel", wheel)):
        print(f"{what}: mean IoU {values.mean():.2f}, over 0.5: {(values > 0.5).mean():.0%}")
    print(f"{np.median(times):.0f} ms, at most {max(times):.0f} ms")


if __name__ == "__main__":
    main()
