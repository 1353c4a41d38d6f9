"""What the colours of the nodes mean."""

from __future__ import annotations

from html import escape

from napari.utils.colormaps import ensure_colormap
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

from napari_nucleus.app.graph.coloring import scheme_of
from napari_nucleus.app.graph.values import Values
from napari_nucleus.core import ClassScheme
from napari_nucleus.gui.graph.colors import COLORMAP

_WIDTH_PX, _HEIGHT_PX = 120, 10


class ColorScale(QWidget):
    """A bar from low to high for measurements; names in their colours for classes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.low, self.bar, self.high = QLabel(), QLabel(), QLabel()
        self.bar.setPixmap(_ramp())
        self.low.setTextFormat(Qt.TextFormat.RichText)
        self.low.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.low, 1)
        row.addWidget(self.bar)
        row.addWidget(self.high, 1)
        self.show_values(None, None)

    def show_values(self, values: Values | None, own: ClassScheme | None) -> None:
        """Explain values of nuclei of a scheme; None: nothing."""
        self.setVisible(values is not None)
        if values is None:
            return
        for part in (self.bar, self.high):
            part.setVisible(values.classes is None)
        if values.classes is None:
            self.low.setAlignment(Qt.AlignmentFlag.AlignRight)
            self.low.setText(f"{values.low:.3g}")
            self.high.setText(f"{values.high:.3g}")
        elif own is not None:
            scheme = scheme_of(values.classes, own)
            self.low.setAlignment(Qt.AlignmentFlag.AlignLeft)
            names = zip(scheme.classes, scheme.colors, strict=True)
            self.low.setText(
                "&nbsp; ".join(f'<span style="color:{c}">●</span>&nbsp;{escape(name)}' for name, c in names)
            )


def _ramp() -> QPixmap:
    colors = (255 * ensure_colormap(COLORMAP).colors[:, :3]).astype("uint8")
    image = QImage(colors.tobytes(), len(colors), 1, 3 * len(colors), QImage.Format.Format_RGB888).copy()
    return QPixmap.fromImage(image).scaled(_WIDTH_PX, _HEIGHT_PX)
