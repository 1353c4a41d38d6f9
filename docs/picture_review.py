"""Remakes the picture of `review.md`: `python docs/picture_review.py OUT`.

OUT is the folder of ``benchmarks/annotator.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

IMAGES = Path(__file__).parent / "images"
COLORS = {"random": "#777777", "queue": "#0072B2", "queue + learning": "#D55E00"}
TARGETS = (90, 95, 98)


def main() -> None:
    """Draw it."""
    curves(Path(sys.argv[1]) / "test_courses.npz").savefig(IMAGES / "review-curve.png", dpi=130)


def curves(file: Path) -> Figure:
    """The share of right classes over actions, a line a seed."""
    figure = Figure((6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    with np.load(file, allow_pickle=False) as courses:
        for name in courses:
            strategy, seed = name.split("/")
            axes.plot(100 * courses[name], color=COLORS[strategy], lw=1.2, label=strategy if seed == "0" else None)
    for target in TARGETS:
        axes.axhline(target, color="#bbbbbb", lw=0.8, ls=":")
    axes.set(xlabel="nuclei visited", ylabel="right classes, %", xlim=(0, None), ylim=(None, 98.6))
    axes.legend(frameon=False, loc="lower right")
    return figure


if __name__ == "__main__":
    main()
