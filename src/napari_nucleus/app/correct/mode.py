"""Review mode: what is pointed at, what is chosen, and which tool is at work; without a window."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from psygnal import SignalGroupDescriptor

Place = tuple[float, float]
"""Row and column in pixels of the image."""


class Tool(StrEnum):
    """What follows the pointer from one key to the next; brushes need a mouse button, too."""

    CUT = "cut"
    BOX = "box"
    LASSO = "lasso"
    ADD = "add"
    DRAW = "draw"
    EXTEND = "extend"
    ERASE = "erase"
    MORE = "more nucleus"
    LESS = "less nucleus"


BRUSHES = (Tool.DRAW, Tool.EXTEND, Tool.ERASE, Tool.MORE, Tool.LESS)


@dataclass
class ReviewMode:
    """The state of Review mode; each field emits ``events.<field>`` when it changes.

    Attributes
    ----------
    on : bool
        Keys are ours.
    current : int
        Label of the nucleus that the queue shows; 0: none.
    under : int
        Label of the nucleus that was pointed at since then; 0: none.
    chosen : frozenset of int
        Labels that were chosen for the next command, by lasso, box, or for a merge.
    tool : Tool or None
    trace : tuple of Place
        Where the pointer went since the tool was taken; of a box the two corners, of a cut the two ends.
    message : str
        The last thing to tell the user.
    """

    on: bool = False
    current: int = 0
    under: int = 0
    chosen: frozenset[int] = frozenset()
    tool: Tool | None = None
    trace: tuple[Place, ...] = ()
    message: str = ""
    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    @property
    def target(self) -> int:
        """The nucleus that a key means: the one pointed at, else the queue's; 0: none."""
        return self.under or self.current

    @property
    def targets(self) -> tuple[int, ...]:
        """The nuclei that a key means: those that were chosen, else the target."""
        if self.chosen:
            return tuple(sorted(self.chosen))
        return (self.target,) if self.target else ()

    def visit(self, label: int) -> None:
        """The queue shows a nucleus: it counts until another is pointed at."""
        self.under, self.current = 0, label

    def point(self, label: int, place: Place) -> None:
        """The pointer has moved; over background, what counted before goes on counting."""
        if label:
            self.under = label
        if self.tool in (Tool.CUT, Tool.BOX):
            self.trace = (self.trace[0], place)
        elif self.tool is Tool.LASSO:
            self.trace = (*self.trace, place)

    def choose(self, labels: Iterable[int]) -> None:
        """Choose nuclei for the next command."""
        self.chosen = frozenset(labels)

    def take(self, tool: Tool, place: Place) -> None:
        """Take a tool; what was begun with another is dropped."""
        self.trace = (place,)
        self.tool = tool

    def put_down(self) -> None:
        """Put the tool down."""
        self.tool = None
        self.trace = ()

    def forget(self, labels: Iterable[int]) -> None:
        """Nuclei are gone."""
        gone = frozenset(labels)
        self.chosen = self.chosen - gone
        self.under = 0 if self.under in gone else self.under
        self.current = 0 if self.current in gone else self.current
