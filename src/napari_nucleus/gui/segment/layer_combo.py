"""A list of some of the viewer's layers that follows the viewer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import napari.viewer
from napari.layers import Image
from qtpy.QtWidgets import QComboBox, QWidget

from napari_nucleus.gui.layers.result import is_ours


def _always(_layer: Any) -> bool:
    return True


class LayerCombo(QComboBox):
    """The layers of a kind.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    offers : callable
        Whether a layer is offered.
    prefers : callable
        Whether a layer that is added becomes the current one.
    """

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        offers: Callable[[Any], bool],
        prefers: Callable[[Any], bool] = _always,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._offers, self._prefers = offers, prefers
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.layers.events.renamed.connect(self._on_renamed)
        for layer in viewer.layers:
            self._add(layer)

    def current(self) -> Any:
        """The chosen layer; None where there is none."""
        return self.currentData()

    def _add(self, layer: Any) -> None:
        if self._offers(layer):
            self.addItem(layer.name, layer)
            if self._prefers(layer):
                self.setCurrentIndex(self.count() - 1)

    def _on_inserted(self, event: Any) -> None:
        self._add(event.value)

    def _on_removed(self, event: Any) -> None:
        for row in range(self.count()):
            if self.itemData(row).unique_id == event.value.unique_id:
                self.removeItem(row)
                return

    def _on_renamed(self, event: Any = None) -> None:
        for row in range(self.count()):
            self.setItemText(row, self.itemData(row).name)


class ImageCombo(LayerCombo):
    """The image layers, without the maps that we made of them; an image that is added becomes the current one."""

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(viewer, lambda layer: isinstance(layer, Image) and not is_ours(layer), parent=parent)
