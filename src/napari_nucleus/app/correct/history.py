"""What can be taken back, and what can be done again."""

from __future__ import annotations

from collections.abc import Iterable

from napari_nucleus.project.journal import Line


class History:
    """Lines of the journal in the order in which an annotator may take them back.

    A line that was taken back can be done again until something new is done; that is another line, which takes back
    the line that took it back. So nothing needs to be remembered: the journal tells it all.
    """

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._done: list[int] = []
        self._undone: list[int] = []
        for line in lines:
            self.add(line)

    @property
    def undoable(self) -> int | None:
        """The line to take back next."""
        return self._done[-1] if self._done else None

    @property
    def redoable(self) -> int | None:
        """The line whose taking back is to be taken back next."""
        return self._undone[-1] if self._undone else None

    def add(self, line: Line) -> None:
        """Follow a line that was written."""
        if line.undoes is None:
            self._done.append(line.number)
            self._undone.clear()
        elif line.undoes in self._done:
            self._done.remove(line.undoes)
            self._undone.append(line.number)
        elif line.undoes in self._undone:
            self._undone.remove(line.undoes)
            self._done.append(line.number)

    def drop(self, number: int) -> None:
        """Forget a line that can't be taken back any more."""
        for lines in (self._done, self._undone):
            if number in lines:
                lines.remove(number)
