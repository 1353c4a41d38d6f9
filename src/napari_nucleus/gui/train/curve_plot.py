"""Live curves of a run: losses above, scores below."""

from __future__ import annotations

import pandas as pd
import pyqtgraph as pg
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_nucleus.app.training.curves import LOSSES, SCORES, Curve, curves

_COLORS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442")
_HEIGHT_PX = 130


class CurvePlot(QWidget):
    """Two small plots over one axis of steps; each line is changed in place, which takes a millisecond."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.losses, self.scores = _plot("loss"), _plot("score")
        self.scores.setXLink(self.losses)
        self.scores.setYRange(0, 1)
        self._lines: dict[str, pg.PlotDataItem] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.losses)
        column.addWidget(self.scores)
        self.show_table(pd.DataFrame())

    def show_table(self, table: pd.DataFrame) -> None:
        """Show a run's log, a row a step."""
        shown = {(plot, curve.title): curve for plot, names in self._plots() for curve in curves(table, names)}
        titles = {title for _, title in shown}
        for title in [title for title in self._lines if title not in titles]:
            line = self._lines.pop(title)
            line.getViewWidget().removeItem(line)
        for (plot, _), curve in shown.items():
            self._draw(plot, curve)
        self.losses.setVisible(any(plot is self.losses for plot, _ in shown))
        self.scores.setVisible(any(plot is self.scores for plot, _ in shown))

    def titles(self) -> list[str]:
        """Of the lines that are drawn."""
        return list(self._lines)

    def _plots(self) -> tuple[tuple[pg.PlotWidget, tuple[str, ...]], ...]:
        return (self.losses, LOSSES), (self.scores, SCORES)

    def _draw(self, plot: pg.PlotWidget, curve: Curve) -> None:
        if curve.title not in self._lines:
            number = len(plot.listDataItems())
            color = _COLORS[number % len(_COLORS)]
            # Scores come seldom: a single one must be seen, too.
            seldom = {"symbol": "o", "symbolSize": 5, "symbolBrush": color, "symbolPen": None}
            marks = {} if curve.title == "training" else seldom
            self._lines[curve.title] = plot.plot(name=curve.title, pen=pg.mkPen(color, width=1.5), **marks)
        self._lines[curve.title].setData(curve.steps, curve.values)


def _plot(name: str) -> pg.PlotWidget:
    plot = pg.PlotWidget(background=None)
    plot.setFixedHeight(_HEIGHT_PX)
    plot.setMenuEnabled(False)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.showGrid(y=True, alpha=0.2)
    plot.setLabel("left", name)
    legend = plot.addLegend(offset=(-4, 2), labelTextSize="8pt")
    legend.setColumnCount(2)
    return plot
