"""Statistics as pictures: who is whose neighbour more than by chance, and at what distance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from napari.utils.theme import get_theme
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_nucleus.graph.statistics import Neighbourhood

_POINTS, _ROW_PX, _MARGIN_PX, _CURVE_PX = 8, 34, 70, 170
_MOST = 2.0  # log2 of the ratio that has the full colour
_SIGNIFICANT = 0.05


class StatisticsView(QWidget):
    """A matrix of class pairs, to be clicked, and the distances of the pair; ``wanted`` and ``saved`` when pressed."""

    wanted = Signal()
    saved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.count, self.save, self.told = QPushButton("Count"), QPushButton("Save CSV…"), QLabel()
        self.matrix, self.curve = FigureCanvasQTAgg(Figure(layout="constrained")), _quiet_canvas()
        self.shown: Neighbourhood | None = None
        self.pair = (0, 0)
        self._theme = "dark"
        self.count.setToolTip("Edges between classes and distances, against 999 random labellings of the same nuclei")
        self.told.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.count)
        buttons.addWidget(self.save)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(buttons)
        for part in (self.matrix, self.told, self.curve):
            outer.addWidget(part)
        self.count.clicked.connect(self.wanted)
        self.save.clicked.connect(self.saved)
        self.matrix.mpl_connect("button_press_event", self._on_click)
        self.show_statistics(None, "dark")

    def show_statistics(self, found: Neighbourhood | None, theme: str) -> None:
        """Draw statistics in the colours of a napari theme; None: nothing."""
        if found is not self.shown:
            self.pair = (0, 0)
        self.shown, self._theme = found, theme
        some = found is not None and bool(found.classes)
        for part in (self.matrix, self.curve, self.told, self.save):
            part.setVisible(some)
        if found is not None and some:
            self._draw_matrix(found)
            self._draw_pair(found)

    def pick(self, row: int, column: int) -> None:
        """Show the distances of a pair of classes."""
        if self.shown is not None and 0 <= max(row, column) < len(self.shown.classes):
            self.pair = (min(row, column), max(row, column))
            self._draw_matrix(self.shown)
            self._draw_pair(self.shown)

    def _on_click(self, event: Any) -> None:
        if event.inaxes is not None and event.xdata is not None:
            self.pick(round(event.ydata), round(event.xdata))

    def _draw_matrix(self, found: Neighbourhood) -> None:
        names, n = found.classes, len(found.classes)
        self.matrix.setFixedHeight(_ROW_PX * n + _MARGIN_PX)
        axes, text = self._axes(self.matrix)
        ratio, labels = np.full((n, n), np.nan), {}
        columns = (found.pairs[name].tolist() for name in ("class_a", "class_b", "ratio", "p"))
        for one, other, times, p in zip(*columns, strict=True):
            a, b = names.index(one), names.index(other)
            with np.errstate(divide="ignore"):
                ratio[a, b] = ratio[b, a] = np.log2(times)
            labels[a, b] = labels[b, a] = f"{times:.2f}{'*' if p < _SIGNIFICANT else ''}"
        axes.imshow(np.clip(ratio, -_MOST, _MOST), cmap="RdBu_r", vmin=-_MOST, vmax=_MOST, aspect="auto")
        for (a, b), label in labels.items():
            strong = abs(ratio[a, b]) > 0.6 * _MOST
            axes.text(b, a, label, ha="center", va="center", fontsize=_POINTS, color="white" if strong else "black")
        a, b = self.pair
        axes.add_patch(_frame(b, a, text))
        axes.set_xticks(range(n), names, rotation=20, ha="right")
        axes.set_yticks(range(n), names)
        axes.tick_params(colors=text, labelsize=_POINTS, length=0)
        axes.set_title("edges / expected by chance  (* p < 0.05)", color=text, fontsize=_POINTS)
        self.matrix.draw_idle()

    def _draw_pair(self, found: Neighbourhood) -> None:
        a, b = (found.classes[i] for i in self.pair)
        self.told.setText(_told(_of_pair(found.pairs, a, b).iloc[0], _of_pair(found.distances, a, b)))
        axes, text = self._axes(self.curve)
        rows = _of_pair(found.distances, a, b)
        r = rows["r_um"].to_numpy()
        axes.fill_between(r, rows["low_um"] - r, rows["high_um"] - r, color="#999999", alpha=0.5, label="chance, 95 %")
        axes.plot(r, rows["l_um"] - r, color="#E69F00", marker="o", markersize=3, label=f"{a} – {b}")
        axes.set_xlabel("distance r, µm", color=text, fontsize=_POINTS)
        axes.set_ylabel("L(r) − r, µm", color=text, fontsize=_POINTS)
        axes.tick_params(colors=text, labelsize=_POINTS)
        axes.legend(frameon=False, fontsize=_POINTS, labelcolor=text)
        self.curve.draw_idle()

    def _axes(self, canvas: FigureCanvasQTAgg) -> tuple[Any, str]:
        """Empty axes in the colours of the theme, and that of text."""
        theme = get_theme(self._theme)
        text = theme.text.as_hex()
        canvas.figure.clear()
        canvas.figure.set_facecolor(theme.background.as_hex())
        axes = canvas.figure.add_subplot()
        axes.set_facecolor(theme.background.as_hex())
        for side in ("top", "right", "left", "bottom"):
            axes.spines[side].set_color(text)
            axes.spines[side].set_visible(side in ("left", "bottom") and canvas is self.curve)
        return axes, text


def _told(pair: pd.Series, distances: pd.DataFrame) -> str:
    near = distances["nearest_um"].iloc[0]
    nearest = f" Half of the {pair['class_a']} nuclei have one within {near:.1f} µm." if np.isfinite(near) else ""
    return (
        f"<b>{pair['class_a']} – {pair['class_b']}</b>: {pair['edges']:,} edges, {pair['expected']:,.0f} by chance, "
        f"p = {pair['p']:.3g}.{nearest}"
    )


def _of_pair(table: pd.DataFrame, a: str, b: str) -> pd.DataFrame:
    return table[(table["class_a"] == a) & (table["class_b"] == b)]


def _frame(x: int, y: int, color: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=color, linewidth=2)


def _quiet_canvas() -> FigureCanvasQTAgg:
    """A picture that leaves scrolling to what lies around it."""
    canvas = FigureCanvasQTAgg(Figure(layout="constrained"))
    canvas.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    canvas.setFixedHeight(_CURVE_PX)
    return canvas
