"""Which nuclei, how they are connected, and what the colours tell."""

from __future__ import annotations

import napari.viewer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QPushButton, QSpinBox, QWidget
from superqt.utils import signals_blocked

from napari_nucleus.app.graph.network import Wiring
from napari_nucleus.gui.composition.form import shows_nuclei
from napari_nucleus.gui.segment.layer_combo import ImageCombo, LayerCombo

_METHODS = {"knn": "k nearest", "radius": "within a radius", "delaunay": "Delaunay"}
EDGE_COLORS = ("plain", "class pair", "length")


class GraphForm(QWidget):
    """Layers, builder and colours."""

    rewired = Signal()

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.nuclei = LayerCombo(viewer, shows_nuclei)
        self.image = ImageCombo(viewer)
        self.method, self.by, self.edges = QComboBox(), QComboBox(), QComboBox()
        self.k, self.radius, self.longest = QSpinBox(), _microns(15.0), _microns(40.0)
        self.take = QPushButton("As layer")
        self._fill()
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("nuclei", self.nuclei)
        rows.addRow("image", self.image)
        rows.addRow("neighbours", _row(self.method, self.k, self.radius, self.longest))
        rows.addRow("nodes by", _row(self.by, self.take))
        rows.addRow("edges by", self.edges)
        self._on_method()

    def wiring(self) -> Wiring:
        """The builder and its parameters."""
        return Wiring(self.method.currentData(), self.k.value(), self.radius.value(), self.longest.value())

    def show_names(self, names: list[str], current: str) -> None:
        """Offer these to colour nodes by."""
        with signals_blocked(self.by):
            if names != [self.by.itemText(i) for i in range(self.by.count())]:
                self.by.clear()
                self.by.addItems(names)
            self.by.setCurrentText(current)

    def _fill(self) -> None:
        for key, name in _METHODS.items():
            self.method.addItem(name, key)
        self.edges.addItems(EDGE_COLORS)
        self.edges.setCurrentText("class pair")
        self.k.setRange(1, 50)
        self.k.setValue(5)
        tips = {
            self.nuclei: "A layer of nuclei with their classes",
            self.image: "The image that they lie in: for stains, crops, the graph classifier and words",
            self.method: "Who is a neighbour: the k nearest, all within a radius, or those whose Voronoi cells touch",
            self.k: "Neighbours of each nucleus, at least",
            self.radius: "All nuclei within this distance",
            self.longest: "Longer edges are cut",
            self.by: "What the colour of a node tells; bright is much",
            self.edges: "Class pair: the colour of the class within one class, the mixture between two",
            self.take: "Add the nuclei with these classes as a layer of its own",
        }
        for widget, tip in tips.items():
            widget.setToolTip(tip)
        self.by.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.method.currentIndexChanged.connect(self._on_method)
        for spin in (self.k, self.radius, self.longest):
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(self.rewired)

    def _on_method(self) -> None:
        method = self.method.currentData()
        for spin, own in ((self.k, "knn"), (self.radius, "radius"), (self.longest, "delaunay")):
            spin.setVisible(method == own)
        self.rewired.emit()


def _microns(value: float) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setRange(1, 500)
    spin.setDecimals(1)
    spin.setSuffix(" µm")
    spin.setValue(value)
    return spin


def _row(*widgets: QWidget) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    for i, widget in enumerate(widgets):
        row.addWidget(widget, 0 if i else 1)
    return box
