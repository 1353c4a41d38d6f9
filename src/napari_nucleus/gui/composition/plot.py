"""Stacked bars: a bar a region, its classes in their colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from napari.utils.theme import get_theme
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_nucleus.app.composition_state import MEASURES, Shown
from napari_nucleus.gui.layers.colors import UNKNOWN

_BAR_PX, _AXIS_PX, _LEGEND_PX, _MOST_BARS = 22, 48, 20, 20
_LEGEND_COLUMNS = 4
_POINTS = 8
_LONGEST_NAME = 18


class CompositionPlot(FigureCanvasQTAgg):
    """The first 20 rows of a composition; scrolling and clicks go to what lies around it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Figure(layout="constrained"))
        self.setParent(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._theme = get_theme("dark")

    def show_composition(self, shown: Shown, measure: str, theme: str) -> None:
        """Draw a measure in the colours of a napari theme."""
        self._theme = get_theme(theme)
        table = shown.table.iloc[:_MOST_BARS]
        colors = {name: color for name, color in class_colors_of(shown).items() if table[f"n_{name}"].any()}
        lines = -(-len(colors) // _LEGEND_COLUMNS)
        self.setFixedHeight(_BAR_PX * len(table) + _AXIS_PX + _LEGEND_PX * lines)
        figure = self.figure
        figure.clear()
        figure.set_facecolor(self._theme.background.as_hex())
        axes = figure.add_subplot()
        text = self._theme.text.as_hex()
        places, left = np.arange(len(table)), np.zeros(len(table))
        for name, color in colors.items():
            widths = table[f"{measure}_{name}"].fillna(0).to_numpy(float)
            axes.barh(places, widths, 0.8, left, color=color, edgecolor=text, linewidth=0.3, label=name)
            left += widths
        self._decorate(axes, [_short(name) for name in table["region"]], measure)
        if len(table) < len(shown.table):
            axes.set_xlabel(f"{MEASURES[measure]}; the first {len(table)} of {len(shown.table)} rows")
        if colors:
            figure.legend(
                loc="outside upper center",
                ncols=_LEGEND_COLUMNS,
                frameon=False,
                fontsize=_POINTS,
                labelcolor=text,
                handlelength=1,
                columnspacing=1.2,
            )
        self.draw_idle()

    def _decorate(self, axes: Any, names: list[str], measure: str) -> None:
        text = self._theme.text.as_hex()
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel(MEASURES[measure], color=text, fontsize=_POINTS)
        axes.set_facecolor(self._theme.background.as_hex())
        axes.tick_params(colors=text, labelsize=_POINTS, length=2)
        axes.locator_params(axis="x", nbins=4)
        if measure == "fraction":
            axes.set_xlim(0, 1)
            axes.set_xticks((0, 0.25, 0.5, 0.75, 1))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
        else:
            axes.set_xlim(left=0)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(text)


def class_colors_of(shown: Shown) -> dict[str, str]:
    """Colour of each class of the table, ``unknown`` too."""
    known = dict(zip(shown.scheme.classes, shown.scheme.colors, strict=True))
    return {name: known.get(name, UNKNOWN) for name in shown.classes}


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
