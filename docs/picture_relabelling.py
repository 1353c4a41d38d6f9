"""Remakes the picture of `cross-relabelling.md`: `python docs/picture_relabelling.py RUN TRUTH.csv`.

``RUN`` and ``TRUTH.csv`` are what `benchmarks/relabelling.py` leaves: ``runs/relabel_consep`` and
``runs/consep_halves/truth.csv``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from napari_nucleus.training.relabel.cells import open_cells
from napari_nucleus.training.relabel.ledger import RELABELLED, read_ledger

IMAGE = Path(__file__).parent / "images" / "cross-relabelling.png"
TITLES = {"half_a": "half A, by what B has taught", "half_b": "half B, by what A has taught"}
SHOWN = 6
RIGHT, WRONG, DOUBTFUL = "#009E73", "#D55E00", "#999999"


def main() -> None:
    """Draw a row a half: its confusion matrix against the withheld truth, and some of its cells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("truth", type=Path)
    arguments = parser.parse_args()
    ledger = read_ledger(arguments.run).merge(pd.read_csv(arguments.truth), on=["source", "image", "label"])
    figure = Figure(figsize=(13.5, 8), layout="constrained")
    for row, source in zip(figure.subfigures(2, 1, hspace=0.06), TITLES, strict=True):
        matrix, cells = row.subfigures(1, 2, width_ratios=[1, 2.4])
        entries = ledger[ledger["source"] == source]
        _draw_matrix(matrix.subplots(), entries, TITLES[source])
        _draw_cells(cells, entries, arguments.run / source)
    figure.savefig(IMAGE, dpi=90)


def _draw_matrix(axes: Axes, entries: pd.DataFrame, title: str) -> None:
    """True classes in rows, proposed ones in columns, as shares of the row."""
    counts = pd.crosstab(entries["truth"], entries["proposed_class"])
    names = sorted(set(counts.index) | set(counts.columns))
    counts = counts.reindex(index=names, columns=names, fill_value=0)
    shares = counts.div(counts.sum(axis=1), axis=0).to_numpy()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), share in np.ndenumerate(shares):
        text = f"{share:.1%}\n{counts.iloc[i, j]:,}"
        axes.text(j, i, text, ha="center", va="center", color="white" if share > 0.5 else "black", fontsize=12)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names, rotation=90, va="center")
    axes.set_xlabel("proposed")
    axes.set_ylabel("true (withheld)")
    axes.set_title(title, fontsize=12, fontweight="bold")


def _draw_cells(figure: SubFigure, entries: pd.DataFrame, folder: Path) -> None:
    """A line a proposed class, chosen by chance; then cells that were kept for review."""
    cells = open_cells(folder, 64)
    place = cells.table.reset_index().set_index(["image", "label"])["index"]
    renamed = entries[entries["decision"] == RELABELLED]
    lines = {
        f"now {name}": renamed[renamed["proposed_class"] == name] for name in sorted(set(entries["proposed_class"]))
    }
    lines["for review"] = entries[entries["decision"] != RELABELLED]
    grid = figure.subplots(len(lines), 1 + SHOWN, width_ratios=[0.9] + [1] * SHOWN)
    for (name, *axes_of_line), (title, rows) in zip(grid, lines.items(), strict=True):
        name.text(1, 0.5, title.replace(" ", "\n", 1), ha="right", va="center", fontsize=11)
        for axes in (name, *axes_of_line):
            axes.set_axis_off()
        chosen = rows.sample(min(SHOWN, len(rows)), random_state=0)
        for axes, (_, row) in zip(axes_of_line, chosen.iterrows(), strict=False):
            right = row["truth"] == row["proposed_class"]
            colour = DOUBTFUL if title == "for review" else RIGHT if right else WRONG
            axes.imshow(cells.pictures[place[row["image"], row["label"]]])
            axes.set_title(f"{row['confidence']:.2f} {row['truth']}", fontsize=8.5, pad=3)
            axes.add_patch(Rectangle((-1, -1), 65, 65, fill=False, color=colour, linewidth=4, clip_on=False))


if __name__ == "__main__":
    main()
