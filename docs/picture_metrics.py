"""Remakes the picture of `metrics.md`, and prints its scores: `python docs/picture_metrics.py`.

Five predictions of one piece of real tissue, each wrong in one way that anybody can see, and what the scores say of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import ndimage
from skimage.morphology import dilation, disk
from skimage.segmentation import expand_labels, find_boundaries

from napari_nucleus.core import NucleusMap
from napari_nucleus.evaluation import Case, evaluate
from napari_nucleus.io.samples import consep_tile

IMAGE = Path(__file__).parent / "images" / "metrics.jpg"
WINDOW = np.s_[700:850, 260:410]
ANNOTATED, PREDICTED = (0, 190, 255), (230, 120, 0)
SHOWN = ("dice", "aji", "pq", "dq", "sq", "f_d")


def main() -> None:
    """Draw the predictions side by side with their scores."""
    image, truth = consep_tile()
    pixels = image.array[WINDOW]
    whole = _nuclei(truth.labels[WINDOW], truth.type_map()[WINDOW], truth)
    predictions = {
        "The annotation itself": whole.labels,
        "Outlines too wide": expand_labels(whole.labels, 2),
        "Neighbours merged": merged(whole.labels),
        "A third missed": np.where(whole.labels % 3 == 0, 0, whole.labels),
        "Nuclei invented": invented(whole.labels),
    }
    figure = Figure(figsize=(15, 4.1), layout="constrained")
    rows = {}
    for axes, (title, labels) in zip(figure.subplots(1, len(predictions)), predictions.items(), strict=True):
        found = _nuclei(labels, whole.type_map(), truth)
        evaluation = evaluate([Case(title, whole, found)])
        rows[title] = {key: evaluation.value(key) for key in SHOWN}
        axes.imshow(drawn(pixels, whole.labels, found.labels), interpolation="nearest")
        axes.set_title(title, fontsize=13, fontweight="bold")
        axes.set_axis_off()
        lines = (("dice", "aji", "pq"), ("dq", "sq", "f_d"))
        text = "\n".join("   ".join(f"{_NAMES[key]} {rows[title][key]:.2f}" for key in line) for line in lines)
        axes.text(0.5, -0.03, text, transform=axes.transAxes, ha="center", va="top", fontsize=12.5)
    figure.savefig(IMAGE, dpi=80, bbox_inches="tight", pad_inches=0.05, pil_kwargs={"quality": 90})
    print(pd.DataFrame(rows).T.round(3).to_string())


_NAMES = {"dice": "Dice", "aji": "AJI", "pq": "PQ", "dq": "DQ", "sq": "SQ", "f_d": "F"}


def merged(labels: np.ndarray) -> np.ndarray:
    """Nuclei that touch, or nearly, as one."""
    blobs, _ = ndimage.label(dilation(labels > 0, disk(2)))
    return np.where(labels > 0, blobs, 0)


def invented(labels: np.ndarray) -> np.ndarray:
    """Discs added where there is no nucleus."""
    random = np.random.default_rng(0)
    found, free = labels.copy(), ndimage.distance_transform_edt(labels == 0)
    for label in range(labels.max() + 1, labels.max() + 13):
        y, x = random.choice(np.argwhere(free > 7))
        disc = np.hypot(*(np.indices(labels.shape) - np.array([[[y]], [[x]]]))) < 6
        found[disc] = label
        free = ndimage.distance_transform_edt(found == 0)
    return found


def drawn(pixels: np.ndarray, true: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Tissue with the annotation in blue and the prediction in orange, four times as large."""
    large, true, found = (np.kron(a, np.ones((4, 4, 1)[: a.ndim], a.dtype)) for a in (pixels, true, found))
    annotated, predicted = (dilation(find_boundaries(a, mode="inner"), disk(1)) for a in (true, found))
    large[annotated], large[predicted] = ANNOTATED, PREDICTED
    return large


def _nuclei(labels: np.ndarray, types: np.ndarray, like: NucleusMap) -> NucleusMap:
    return NucleusMap.from_labels(labels, mpp=like.mpp, classes=like.scheme, type_map=types)


if __name__ == "__main__":
    main()
