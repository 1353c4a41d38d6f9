"""A panel's parts, one under the other."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

_SCROLL_BAR_PX = 14


class Column(QScrollArea):
    """Scrolls up and down where the window is low, and is never narrower than its parts."""

    def __init__(self, *parts: QWidget) -> None:
        super().__init__()
        self._inner = QWidget()
        rows = QVBoxLayout(self._inner)
        rows.setContentsMargins(6, 6, 6, 6)
        for part in parts:
            rows.addWidget(part)
        rows.addStretch(1)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(self._inner)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As wide as the parts need."""
        return QSize(self._inner.minimumSizeHint().width() + _SCROLL_BAR_PX, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:  # noqa: N802
        """As wide as the parts need, and as high as they would like."""
        return QSize(self.minimumSizeHint().width(), self._inner.sizeHint().height())

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Ask for room again when the parts have changed: napari's theme comes after they are made."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
