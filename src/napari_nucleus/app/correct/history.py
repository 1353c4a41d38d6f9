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
        self._done: dict[int, None] = {}  # in their order; one in the middle is found as quickly as the last
        self._undone: dict[int, None] = {}
        for line in lines:
            self.add(line)

    @property
    def undoable(self) -> int | None:
        """The line to take back next."""
        return next(reversed(self._done), None)

    @property
    def redoable(self) -> int | None:
        """The line whose taking back is to be taken back next."""
        return next(reversed(self._undone), None)

    def add(self, line: Line) -> None:
        """Follow a line that was written."""
        if line.undoes is None:
            self._done[line.number] = None
            self._undone.clear()
        elif line.undoes in self._done:
            del self._done[line.undoes]
            self._undone[line.number] = None
        elif line.undoes in self._undone:
            del self._undone[line.undoes]
            self._done[line.number] = None

    def drop(self, number: int) -> None:
        """Forget a line that can't be taken back any more."""
        self._done.pop(number, None)
        self._undone.pop(number, None)
