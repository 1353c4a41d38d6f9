"""A list that may be made anew whenever it is opened."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox


class OpeningCombo(QComboBox):
    """Emits ``opening`` before its list is shown."""

    opening = Signal()

    def showPopup(self) -> None:  # noqa: N802
        """Show the list."""
        self.opening.emit()
        super().showPopup()
