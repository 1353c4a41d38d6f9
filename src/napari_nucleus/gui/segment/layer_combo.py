"""A list of the viewer's images that follows the viewer."""

from __future__ import annotations

from typing import Any

import napari.viewer
from napari.layers import Image
from qtpy.QtWidgets import QComboBox, QWidget

from napari_nucleus.gui.layers.result import is_ours


class ImageCombo(QComboBox):
    """The image layers, without the maps that we made of them; an image that is added becomes the current one."""

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._viewer = viewer
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.layers.events.renamed.connect(self._on_renamed)
        for layer in viewer.layers:
            self._add(layer)

    def current(self) -> Image | None:
        """The chosen layer."""
        layer: Image | None = self.currentData()
        return layer

    def _add(self, layer: Any) -> None:
        if isinstance(layer, Image) and not is_ours(layer):
            self.addItem(layer.name, layer)
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
