"""The report's plots, as SVG in data URIs."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_nucleus.evaluation.evaluation import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _GREY, _BLUE = "#1b1f24", "#8a929c", "#0072B2"
_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _GREY,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "napari-nucleus",  # the same page from the same scores
}
_MANY = 500  # points beyond this are drawn as a picture, or the page would grow by their number
_MOST_ROWS = 24


def figures(evaluation: Evaluation) -> dict[str, str]:
    """Data URIs by name: ``confusion``, ``quality``, ``counts``, and ``calibration`` where probabilities are known."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        drawn = {"confusion": _confusion(evaluation), "quality": _quality(evaluation), "counts": _counts(evaluation)}
        if evaluation.tallies.calibration[..., 0].sum() > 0:
            drawn["calibration"] = _calibration(evaluation)
        return {name: _uri(figure) for name, figure in drawn.items()}


def _confusion(evaluation: Evaluation) -> Figure:
    """Counts, shaded by their share of the row."""
    table = evaluation.class_confusion()
    counts = table.to_numpy(float)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    share[-1] = counts[-1] / max(counts[-1].sum(), 1)
    size = 0.62 * len(table.columns) + 1.5
    figure, axes = _figure(max(size, 3.2), max(0.5 * len(table) + 1.2, 2.4))
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        corner = row == len(counts) - 1 and column == counts.shape[1] - 1
        color = "white" if share[row, column] > 0.55 else _INK
        axes.text(column, row, "" if corner else f"{count:,.0f}", ha="center", va="center", color=color)
    names = [str(name) for name in table.columns]
    axes.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(table)), [str(name) for name in table.index])
    axes.axhline(len(table) - 1.5, color=_INK, lw=0.8)
    axes.axvline(len(names) - 1.5, color=_INK, lw=0.8)
    axes.set(xlabel="predicted", ylabel="annotated")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def _quality(evaluation: Evaluation) -> Figure:
    """PQ of every image: boxes and points, a row a tissue."""
    images = evaluation.images().dropna(subset="pq")
    groups = {str(name): part["pq"].to_numpy() for name, part in images.groupby("tissue")}
    if not 1 < len(groups) <= _MOST_ROWS:
        groups = {"": images["pq"].to_numpy()}
    groups = dict(sorted(groups.items(), key=lambda item: np.median(item[1]) if len(item[1]) else 0))
    figure, axes = _figure(4.4, max(1.9, 0.34 * len(groups) + 0.8))
    shift = np.random.default_rng(0)
    for row, values in enumerate(groups.values()):
        if len(values) > 4:
            thin = {"color": _GREY, "linewidth": 0.9}
            axes.boxplot(
                values, positions=[row], orientation="horizontal", widths=0.6, showfliers=False, manage_ticks=False,
                boxprops=thin, whiskerprops=thin, capprops=thin, medianprops={"color": _INK, "linewidth": 1.6},
            )  # fmt: skip
        places = row + shift.uniform(-0.2, 0.2, len(values))
        look: dict[str, Any] = {
            "ms": 4 if len(values) > 30 else 7,
            "mec": "white",
            "mew": 0.5,
            "color": _BLUE,
            "alpha": 0.75,
        }
        axes.plot(values, places, "o", rasterized=len(values) > _MANY, **look)
    axes.set_yticks(range(len(groups)), [name or "unknown" for name in groups] if len(groups) > 1 else [""])
    axes.set(xlabel="PQ of an image", xlim=(-0.02, 1.02), ylim=(-0.6, len(groups) - 0.4))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return figure


def _counts(evaluation: Evaluation) -> Figure:
    """Predicted against annotated nuclei of every image, by class."""
    figure, axes = _figure(3.6, 3.4)
    kinds = evaluation.scheme
    counts = evaluation.tallies.counts
    for i, (name, color) in enumerate(zip(kinds.classes, kinds.colors, strict=True)):
        look: dict[str, Any] = {
            "color": color if evaluation.has_classes else _BLUE,
            "mec": _INK,
            "mew": 0.4,
            "alpha": 0.85,
        }
        axes.plot(*counts[:, :, i].T, "o", ms=4.5, label=name, rasterized=counts[..., 0].size > _MANY, **look)
    top = max(counts.max() * 1.06, 1)
    axes.plot([0, top], [0, top], color=_GREY, lw=0.8, zorder=0)
    axes.set(xlabel="annotated nuclei in an image", ylabel="predicted", xlim=(-top / 50, top), ylim=(-top / 50, top))
    axes.set_aspect("equal")
    if evaluation.has_classes:
        axes.legend(frameon=False, fontsize=8, loc="upper left", handletextpad=0.1, borderaxespad=0)
    return figure


def _calibration(evaluation: Evaluation) -> Figure:
    """Share of right classes against the probability that the prediction gave them."""
    figure, axes = _figure(3.6, 3.4)
    nuclei, confidence, right = evaluation.tallies.calibration.sum(0).T
    there = nuclei > 0
    nuclei, confidence, right = nuclei[there], confidence[there] / nuclei[there], right[there] / nuclei[there]
    axes.plot([0, 1], [0, 1], color=_GREY, lw=0.8)
    axes.plot(confidence, right, color=_BLUE, lw=1.2)
    axes.scatter(confidence, right, 12 + 160 * nuclei / nuclei.max(), color=_BLUE, alpha=0.8, edgecolor="white", lw=0.5)
    axes.set(xlabel="probability of the predicted class", ylabel="share that is right", xlim=(0, 1.03), ylim=(0, 1.03))
    axes.set_aspect("equal")
    return figure


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def _uri(figure: Figure) -> str:
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None}, dpi=160)
    return "data:image/svg+xml;base64," + b64encode(buffer.getvalue()).decode()
