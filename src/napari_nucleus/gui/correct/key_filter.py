"""Keys on their way to the canvas: Review mode takes those that it knows, napari keeps the others."""

from __future__ import annotations

from collections.abc import Callable
from weakref import ReferenceType, ref

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QWheelEvent
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QKeySequenceEdit,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

_TYPED_IN = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox, QKeySequenceEdit)
_NAMES = {"Return": "Enter", "Esc": "Escape", "Del": "Delete", "Backtab": "Tab"}
_MODIFIERS = (
    (Qt.KeyboardModifier.ControlModifier, "Ctrl"),
    (Qt.KeyboardModifier.AltModifier, "Alt"),
    (Qt.KeyboardModifier.MetaModifier, "Meta"),
    (Qt.KeyboardModifier.ShiftModifier, "Shift"),
)

_Key = Qt.Key
_ALONE = (_Key.Key_Shift, _Key.Key_Control, _Key.Key_Alt, _Key.Key_Meta, _Key.Key_AltGr, _Key.Key_unknown)

# Where the keys of the digits lie, as the systems count keys: Shift and 3 is # or § or " or £, and without Shift
# it is " in France, but it is always the same key.
_FIRST_SCAN_CODE = {"xcb": 10, "wayland": 10, "windows": 2}
_APPLE_KEYS = {18: "1", 19: "2", 20: "3", 21: "4", 23: "5", 22: "6", 26: "7", 28: "8", 25: "9", 29: "0"}


class KeyFilter(QObject):
    """Takes keys and turns of the wheel before napari does, while it is on; off, it isn't there.

    napari's own ``bind_key`` won't do: it sees Shift and a digit as the character that they type, and what is bound to
    a layer counts only while that layer is the active one.

    Parameters
    ----------
    knows : callable
        Whether a key, by its name, is one of ours.
    press : callable
        Does what a key is for.
    turn : callable
        Does what a turn of the wheel is for, up (1) or down (-1); whether there was anything to do.
    """

    def __init__(
        self,
        knows: Callable[[str], bool],
        press: Callable[[str], None],
        turn: Callable[[int], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._knows, self._press, self._turn = knows, press, turn
        self._watched: tuple[ReferenceType[QWidget], ...] = ()  # weak: the window may go before we do

    def on(self, *widgets: QWidget) -> None:
        """Take keys that go to these widgets: the canvas, and the window, where keys end that nobody took."""
        self.off()
        self._watched = tuple(map(ref, widgets))
        for widget in widgets:
            widget.installEventFilter(self)

    def off(self) -> None:
        """Leave all keys to napari."""
        for known in self._watched:
            widget = known()
            if widget is not None:
                widget.removeEventFilter(self)
        self._watched = ()

    def eventFilter(self, _watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Take a key that is ours; never one that is typed into a field."""
        if isinstance(event, QKeyEvent) and event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            return not is_typing() and self._take(event)
        if isinstance(event, QWheelEvent) and event.angleDelta().y():
            return self._turn(1 if event.angleDelta().y() > 0 else -1)
        return False

    def _take(self, event: QKeyEvent) -> bool:
        name = key_name(event)
        if not self._knows(name):
            return False
        event.accept()  # of a menu's shortcut this says: not this time
        if event.type() == QEvent.Type.KeyPress:
            self._press(name)
        return True


def is_typing() -> bool:
    """Whether keys go to a field that one types in."""
    widget = QApplication.focusWidget()
    return isinstance(widget, _TYPED_IN) or (isinstance(widget, QComboBox) and widget.isEditable())


def key_name(event: QKeyEvent) -> str:
    """A key with its modifiers, as `KeyMap` writes them; empty for a modifier alone."""
    if event.key() in _ALONE:
        return ""
    digit = _digit(event)
    name = digit or QKeySequence(event.key()).toString()
    name = _NAMES.get(name, name)
    if not name or not name.isprintable():
        return ""
    typed_with_shift = len(name) == 1 and not name.isalnum()
    held = event.modifiers()
    words = [word for flag, word in _MODIFIERS if held & flag and not (word == "Shift" and typed_with_shift)]
    return "-".join([*words, name])


def _digit(event: QKeyEvent) -> str:
    """The digit on a key, whatever it types; empty where it is another key, or the system doesn't tell."""
    platform = QGuiApplication.platformName()
    if platform == "cocoa":
        return _APPLE_KEYS.get(event.nativeVirtualKey(), "") if event.nativeVirtualKey() else ""
    place = event.nativeScanCode() - _FIRST_SCAN_CODE.get(platform, 1000)
    return str((place + 1) % 10) if 0 <= place < 10 else ""
