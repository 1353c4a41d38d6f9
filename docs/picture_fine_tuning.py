"""Remakes the pictures of `fine-tuning.md`: `python docs/picture_fine_tuning.py OUT DATA`.

OUT is the folder of ``benchmarks/fine_tuning.py``, DATA the data folder that it was given.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from skimage.segmentation import find_boundaries

from napari_nucleus.core import Image, NucleusMap, scheme
from napari_nucleus.inference import segment

IMAGES = Path(__file__).parent / "images"
PARTS = ("nuclei", "heads", "decoder", "whole")
MEASURES = (("fields", "F_d"), ("fields", "F_c"), ("validation", "PQ"), ("validation", "F_c"))
TITLES = ("F_d, breast fields 9–15", "F_c, breast fields 9–15", "PQ, CoNSeP validation", "F_c, CoNSeP validation")
FIELD = "test_2"
MPP = 0.2


def main() -> None:
    """Draw both pictures."""
    out, data = map(Path, sys.argv[1:])
    os.environ["NAPARI_NUCLEUS_MODELS"] = str(out / "models")
    spread(out).savefig(IMAGES / "fine_tuning.png", dpi=110)
    fields(out, data).savefig(IMAGES / "fine_tuning_field.jpg", dpi=110, pil_kwargs={"quality": 88})


def spread(out: Path) -> Figure:
    """Every draw of every part against the model before."""
    before = json.loads((out / "before.json").read_text())
    runs = {part: [json.loads(f.read_text()) for f in sorted(out.glob(f"{part}_?.json"))] for part in PARTS}
    figure = Figure(figsize=(12, 3.2), layout="constrained")
    for axes, (side, name), title in zip(np.ravel(figure.subplots(1, 4)), MEASURES, TITLES, strict=True):
        axes.axhline(before[side][name], color="0.5", linewidth=1)
        if side == "validation":
            axes.axhspan(before[side][name] - 0.01, before[side][name], color="0.9")
        for i, part in enumerate(PARTS):
            values = [run[side][name] for run in runs[part]]
            axes.plot(np.full(len(values), i) + np.linspace(-0.15, 0.15, len(values)), values, "o", color="#0072B2")
            axes.plot([i - 0.25, i + 0.25], [np.mean(values)] * 2, color="#D55E00")
        axes.set_title(title, fontsize=10)
        axes.set_xticks(range(len(PARTS)), PARTS)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def fields(out: Path, data: Path) -> Figure:
    """One field that nothing was chosen by: its points, the model before, and with a classifier of 50 nuclei."""
    field = np.load(data / "nucls" / f"{FIELD}.npz")
    image, kinds = field["image"], scheme("consep")
    number = np.array([0, 3, 4, 2, 1])[1 + field["points"][:, 2]]
    figure = Figure(figsize=(12, 3.9), layout="constrained")
    truth, before, after = np.ravel(figure.subplots(1, 3))
    _show(truth, image, "annotated points")
    colors = [kinds.colors[n - 1] if n else "#ffffff" for n in number]
    truth.scatter(*field["points"][:, :2].T, c=colors, s=30, edgecolors="black", linewidths=0.6)
    for axes, model, title in ((before, "without_nucls", "before"), (after, "nuclei_0", "after 50 nuclei")):
        nuclei = segment(Image((image,), mpp=MPP), model, device="cpu").nuclei
        _show(axes, outlined(image, nuclei), title)
    for name, color in zip(kinds.classes, kinds.colors, strict=True):
        truth.plot([], [], "o", color=color, label=name)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return figure


def outlined(image: np.ndarray, nuclei: NucleusMap) -> np.ndarray:
    """The image with the outline of each nucleus in its class's colour."""
    shown = image.copy()
    edge, types = find_boundaries(nuclei.labels, mode="inner"), nuclei.type_map()
    for i, color in enumerate(nuclei.scheme.colors, 1):
        shown[edge & (types == i)] = [int(color[k : k + 2], 16) for k in (1, 3, 5)]
    return shown


def _show(axes: Axes, image: np.ndarray, title: str) -> None:
    axes.imshow(image)
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()


if __name__ == "__main__":
    main()
