"""The grid of thumbnails: a lazy model, and a list that shows it as icons."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractListModel, QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QKeyEvent, QPainter, QPixmap, QResizeEvent
from qtpy.QtWidgets import QListView, QWidget

from napari_nucleus.app.browse import BrowseController
from napari_nucleus.gui.browse.loader import THUMBNAIL_PX, ThumbnailLoader
from napari_nucleus.gui.layers.colors import UNKNOWN
from napari_nucleus.io import PatchSet

_MOST_KEPT = 3000  # thumbnails in memory: 110 MB
_BAR_PX = 5
_GAP_PX = 12
_BLANK = np.full((THUMBNAIL_PX, THUMBNAIL_PX, 3), 90, np.uint8)
_BROKEN = np.full((THUMBNAIL_PX, THUMBNAIL_PX, 3), (120, 40, 40), np.uint8)
_Role = Qt.ItemDataRole
_BARE = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)


class ThumbnailModel(QAbstractListModel):
    """The patches that pass the filters; a thumbnail is read when the view first asks for it."""

    def __init__(self, controller: BrowseController, parent: Any = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._state = controller.state
        self._pictures: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self.loader = ThumbnailLoader(self)
        self.loader.loaded.connect(self._on_loaded)
        self._state.events.patches.connect(self._on_patches)
        self._state.events.shown.connect(self._on_shown)
        controller.result_changed.connect(self._on_changed)
        self.loader.open(self._state.patches)
        self._shown = self._state.shown

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Patches that pass the filters."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        """Name and tissue or number of nuclei; the picture; counts a class."""
        patches = self._state.patches
        if patches is None or not 0 <= index.row() < len(self._shown):
            return None
        i = self._shown[index.row()]
        if role == _Role.DisplayRole:
            return f"{patches.names[i]}\n{self._line(patches, i)}"
        if role == _Role.DecorationRole:
            return self._picture(i)
        if role == _Role.ToolTipRole:
            return self._tip(patches, i)
        return None

    def row_of(self, i: int | None) -> QModelIndex:
        """Where a patch is shown; not valid where it isn't."""
        return self.index(self._shown.index(i), 0) if i in self._shown else QModelIndex()

    def patch_at(self, index: QModelIndex) -> int:
        """Position in the set of what a row shows."""
        return self._shown[index.row()]

    def _line(self, patches: PatchSet, i: int) -> str:
        result = self._controller.results.get(i)
        if result is None:
            return patches.tissues[i] or ""
        return f"{sum(result.counts.values()):,} nuclei{' ✎' if result.by_hand else ''}"

    def _tip(self, patches: PatchSet, i: int) -> str:
        lines = [patches.names[i], *filter(None, [patches.tissues[i]])]
        result = self._controller.results.get(i)
        if result is not None:
            lines += [f"{count:,} {name}" for name, count in result.counts.items()]
        return "\n".join(lines)

    def _picture(self, i: int) -> QPixmap:
        known = self._pictures.get(i)
        if known is None:
            self.loader.ask(i)
            known = _BLANK
        pixmap = QPixmap.fromImage(_as_image(known))
        result = self._controller.results.get(i)
        if result is not None:
            _draw_bar(
                pixmap, result.counts, dict(zip(result.now.scheme.classes, result.now.scheme.colors, strict=True))
            )
        return pixmap

    def _on_loaded(self, patches: PatchSet, i: int, picture: NDArray[np.uint8] | None) -> None:
        if patches is self._state.patches:
            self._pictures[i] = _BROKEN if picture is None else picture
            if len(self._pictures) > _MOST_KEPT:
                self._pictures.popitem(last=False)
            self._on_changed(i)

    def _on_changed(self, i: int) -> None:
        index = self.row_of(i)
        if index.isValid():
            self.dataChanged.emit(index, index)

    def _on_patches(self) -> None:
        self._pictures.clear()
        self.loader.open(self._state.patches)
        self._on_shown()

    def _on_shown(self) -> None:
        self.beginResetModel()
        self._shown = self._state.shown
        self.endResetModel()


class PatchGrid(QListView):
    """Thumbnails in rows; ``chosen`` brings the patch that the user goes to."""

    chosen = Signal(int)
    stepped = Signal(int)

    def __init__(self, model: ThumbnailModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self._thumbnails = model
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setIconSize(QSize(THUMBNAIL_PX, THUMBNAIL_PX))
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.clicked.connect(self._on_clicked)

    def show_current(self, i: int | None) -> None:
        """Highlight a patch and scroll to it."""
        index = self._thumbnails.row_of(i)
        self.setCurrentIndex(index)
        if index.isValid():
            self.scrollTo(index)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        """Share the width among as many columns as fit."""
        super().resizeEvent(event)
        bar = self.verticalScrollBar()
        room = self.contentsRect().width() - (0 if bar is None else bar.width()) - 1
        columns = max(1, room // (THUMBNAIL_PX + _GAP_PX))
        self.setGridSize(QSize(room // columns, THUMBNAIL_PX + 2 * self.fontMetrics().height() + _GAP_PX + 2))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """Left and Right go to the patch before and after, past the ends of rows; the rest is as in any list."""
        if event is None or event.modifiers() not in _BARE:
            super().keyPressEvent(event)
            return
        by = (event.key() == Qt.Key.Key_Right) - (event.key() == Qt.Key.Key_Left)
        if by:
            self.stepped.emit(by)
        else:
            super().keyPressEvent(event)
            self._on_clicked(self.currentIndex())

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self._thumbnails.patch_at(index))


def _as_image(picture: NDArray[np.uint8]) -> QImage:
    height, width = picture.shape[:2]
    return QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)


def _draw_bar(pixmap: QPixmap, counts: dict[str, int], colors: dict[str, str]) -> None:
    """The shares of the classes as a bar along the lower edge."""
    total = sum(counts.values())
    painter = QPainter(pixmap)
    left = 0.0
    for name, count in counts.items():
        width = pixmap.width() * count / max(1, total)
        area = (round(left), pixmap.height() - _BAR_PX, round(left + width) - round(left), _BAR_PX)
        painter.fillRect(*area, QColor(colors.get(name, UNKNOWN)))
        left += width
    painter.end()
