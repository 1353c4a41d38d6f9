"""What the keys of Review mode do: commands on the workbench, steps in the queue, tools that follow the pointer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_nucleus.app.correct import Change, Workbench
from napari_nucleus.app.correct.following import Following
from napari_nucleus.app.correct.keys import Action, Command, KeyMap
from napari_nucleus.app.correct.mode import Place, ReviewMode, Tool
from napari_nucleus.app.correct.tools import crossed, inside
from napari_nucleus.core import HoverMaps, NucleusError
from napari_nucleus.project.chunks import Box

if TYPE_CHECKING:
    from napari_nucleus.app.correct.proposal import Proposal

_BRUSHES = {
    Action.DRAW: Tool.DRAW,
    Action.EXTEND: Tool.EXTEND,
    Action.ERASE: Tool.ERASE,
    Action.MORE: Tool.MORE,
    Action.LESS: Tool.LESS,
}
_CHOOSING = {Action.LASSO: Tool.LASSO, Action.BOX: Tool.BOX}


class Reviewer:
    """Does what keys and pointer ask for; knows neither Qt nor napari.

    Parameters
    ----------
    bench : Workbench
    keys : KeyMap
    maps : HoverMaps, optional
        Of the image, for proposals and for painting into NP; may come later.

    Attributes
    ----------
    mode : ReviewMode
    following : Following or None
        The queue, once it is there; set by `review`.
    number : int
        Class that is drawn with: the last one that a key has set; 0 is unknown.
    proposal : Proposal or None
        A missed nucleus that is being added.

    Signals
    -------
    visited(label)
        The queue shows a nucleus.
    asked(action)
        What only a window can do: help, comment.
    proposed(proposal)
        Another outline is proposed, or none (None).
    """

    visited = Signal(int)
    asked = Signal(str)
    proposed = Signal(object)

    def __init__(self, bench: Workbench, keys: KeyMap, maps: HoverMaps | None = None) -> None:
        self.bench, self.keys, self.maps = bench, keys, maps
        self.mode = ReviewMode()
        self.following: Following | None = None
        self.number = 0
        self.proposal: Proposal | None = None
        self._place: Place = (0.0, 0.0)
        self._target = 0
        self._actions = self._all_actions()
        bench.changed.connect(self._on_changed)

    def close(self) -> None:
        """Hear of changes no more."""
        self.bench.changed.disconnect(self._on_changed)

    def review(self, following: Following) -> None:
        """Work through a queue."""
        self.following = following
        following.session.queue.moved.connect(self._on_moved)

    def knows(self, key: str) -> bool:
        """Whether a key does something."""
        return self.keys.command(key) is not None

    def press(self, key: str) -> None:
        """Do what a key is for.

        Raises
        ------
        NucleusError
            It can't be done here; nothing has changed.
        """
        command = self.keys.command(key)
        if command is not None:
            self.act(command)

    def act(self, command: Command) -> None:
        """Do an action, or set a class; see `press`."""
        if isinstance(command, int):
            self.set_class(command)
        else:
            self._actions[command]()

    def point(self, place: Place) -> None:
        """The pointer is at a place of the image."""
        self._place = place
        self.mode.point(self.bench.label_at(*place), place)

    def click(self, place: Place) -> None:
        """A click: a nucleus becomes the one that is looked at; on background, a missed one is proposed."""
        self.point(place)
        label = self.bench.label_at(*place)
        if not label:
            self._propose()
        elif self.following is not None and (row := self.following.row_of(label)) is not None:
            self.following.session.queue.go_to(row)
        else:
            self.mode.visit(label)

    def turn(self, up: int) -> bool:
        """The wheel: grows or shrinks what is proposed; False where there is nothing."""
        if self.proposal is None:
            return False
        self._resize(up)
        return True

    def set_class(self, number: int) -> None:
        """Set the class of what is meant, or that of what is drawn, and go on."""
        self.number = number
        if self.mode.tool is Tool.DRAW or self.proposal is not None:
            return
        targets = self._targets()
        disputed = self.following is not None and not self.following.disputed.isdisjoint(targets)
        (self.bench.adjudicate if disputed else self.bench.set_class)(targets, number)
        self._go_on()

    def stroke(self, box: Box, pixels: NDArray[np.bool_]) -> None:
        """A brush has painted pixels (height, width) of a box: do what the tool is for."""
        tool = self.mode.tool
        if tool is Tool.DRAW:
            self.bench.draw(box, pixels, self.number)
        elif tool is Tool.EXTEND:
            self.bench.extend(self._target, box, pixels)
        elif tool is Tool.ERASE:
            self.bench.erase(box, pixels)
        elif tool in (Tool.MORE, Tool.LESS):
            self.bench.repaint(box, pixels, tool is Tool.MORE, self._maps())

    def painted(self, box: Box, pixels: NDArray[np.bool_], value: int) -> None:
        """Take a stroke of one of napari's own tools in the layer of the classes.

        Raises
        ------
        NucleusError
            Something was erased: that takes the eraser of Review mode.
        """
        if not value:
            raise NucleusError(
                f"Expected the eraser of Review mode, got napari's. Press {self.keys.shown(Action.ERASE)}."
            )
        if pixels.any():
            self.bench.draw(box, pixels, value if value <= len(self.bench.project.scheme) else 0)

    def _all_actions(self) -> dict[Action, Callable[[], None]]:
        said = {Action.ACCEPT: "accept", Action.REJECT: "reject", Action.FLAG: "flag"}
        shaped = {Action.FILL: "fill_holes", Action.SMOOTH: "smooth"}
        return {
            **{action: partial(self._say, name) for action, name in said.items()},
            **{action: partial(self._shape, name) for action, name in shaped.items()},
            **{action: partial(self._brush, action, tool) for action, tool in _BRUSHES.items()},
            **{action: partial(self._choose, tool) for action, tool in _CHOOSING.items()},
            **{action: partial(self.asked.emit, str(action)) for action in (Action.HELP, Action.COMMENT)},
            Action.ABSTAIN: self._next,
            Action.NEXT: self._next,
            Action.PREVIOUS: self._previous,
            Action.UNDO: self._undo,
            Action.REDO: self._redo,
            Action.DELETE: self._delete,
            Action.MERGE: self._merge,
            Action.SPLIT: self._split,
            Action.CUT: self._cut,
            Action.ADD: self._propose,
            Action.GROW: partial(self._resize, 1),
            Action.SHRINK: partial(self._resize, -1),
            Action.CONFIRM: self._confirm,
            Action.LEAVE: self._leave,
        }

    def _targets(self) -> tuple[int, ...]:
        targets = self.mode.targets
        if not targets:
            raise NucleusError("Expected a nucleus, got none. Point at one, or press N for the next of the queue.")
        return targets

    def _say(self, name: str) -> None:
        getattr(self.bench, name)(self._targets())
        self._go_on()

    def _shape(self, name: str) -> None:
        getattr(self.bench, name)(self._targets())
        self.mode.choose(())

    def _delete(self) -> None:
        self.bench.delete(self._targets())
        queue = None if self.following is None else self.following.session.queue
        if queue is not None and queue.current is not None and queue.reviewed[queue.current]:
            queue.next()

    def _merge(self) -> None:
        """The first time, hold the nucleus that is meant; the second time, merge it with another."""
        wanted = self.mode.chosen | {self.mode.target}
        wanted = wanted - {0}
        if len(wanted) < 2:
            self.mode.choose(self._targets())
            self.mode.message = f"Point at the nucleus to merge it with, and press {self.keys.shown(Action.MERGE)}."
            return
        change = self.bench.merge(wanted)
        self.mode.choose(())
        kept = next((label for label in change.labels if label in self.bench.rows), 0)
        self.mode.visit(kept)
        self.mode.message = ""

    def _split(self) -> None:
        (label,) = self._targets()[:1]
        self.bench.split(label)

    def _cut(self) -> None:
        """Begin a line at the pointer; the second time, cut along it."""
        if self.mode.tool is not Tool.CUT:
            self.mode.take(Tool.CUT, self._place)
            self.mode.message = f"Point at the other end of the cut, and press {self.keys.shown(Action.CUT)}."
            return
        line = self.mode.trace
        self._put_down()
        label = crossed(self.bench.labels, line) if len(line) == 2 else 0
        if not label:
            raise NucleusError("Expected a line across a nucleus, got one beside. Draw it from side to side.")
        self.bench.split(label, line)

    def _choose(self, tool: Tool) -> None:
        """Begin a lasso or a box at the pointer; the second time, choose what it holds."""
        if self.mode.tool is not tool:
            self.mode.take(tool, self._place)
            self.mode.message = "Move the pointer around the nuclei, and press the key again."
            return
        trace = self.mode.trace
        self._put_down()
        found = inside(self.bench.rows.columns, trace, box=tool is Tool.BOX)
        self.mode.choose(found)
        self.mode.message = f"{len(found):,} nuclei chosen for the next key."

    def _brush(self, action: Action, tool: Tool) -> None:
        """Take a brush, or put it down again."""
        if self.mode.tool is tool:
            self._put_down()
            return
        if tool in (Tool.MORE, Tool.LESS):
            self._maps()
        self._target = self._targets()[0] if tool is Tool.EXTEND else 0
        self.mode.choose(())
        self.mode.take(tool, self._place)
        self.mode.message = f"Paint with the mouse; {self.keys.shown(action)} or Esc ends."

    def _propose(self) -> None:
        proposal = self.bench.propose(*self._place, self._maps())
        self.mode.take(Tool.ADD, self._place)
        self.mode.message = "Turn the wheel to grow or shrink it; Enter adds it, Esc drops it."
        self._show(proposal)

    def _resize(self, up: int) -> None:
        if self.proposal is not None:
            self._show(self.proposal.grow() if up > 0 else self.proposal.shrink())

    def _show(self, proposal: Proposal | None) -> None:
        self.proposal = proposal
        self.proposed.emit(proposal)

    def _confirm(self) -> None:
        """End what was begun, and keep it."""
        if self.proposal is not None:
            proposal = self.proposal
            self._put_down()
            self.bench.add(proposal)
        elif self.mode.tool is Tool.CUT:
            self._cut()
        elif self.mode.tool in (Tool.LASSO, Tool.BOX):
            self._choose(self.mode.tool)
        else:
            self._put_down()

    def _leave(self) -> None:
        """Drop what was begun; where nothing was, leave Review mode."""
        if self.mode.tool is None and not self.mode.chosen:
            self.mode.on = False
        self._put_down()
        self.mode.choose(())

    def _put_down(self) -> None:
        if self.proposal is not None:
            self._show(None)
        self.mode.put_down()
        self.mode.message = ""

    def _next(self) -> None:
        if self.following is not None and self.following.session.queue.next() is None:
            self.mode.message = "Nothing is left in the queue."

    def _previous(self) -> None:
        if self.following is not None:
            self.following.session.queue.previous()

    def _go_on(self) -> None:
        """On to the next nucleus that nobody has decided on: the one that the queue shows, if it is still open."""
        self.mode.choose(())
        if self.following is None:
            return
        queue = self.following.session.queue
        row = queue.current
        if row is None or queue.reviewed[row]:
            self._next()
        else:
            self._on_moved(row)

    def _undo(self) -> None:
        self._back(self.bench.undo(), "Nothing is left to take back.")

    def _redo(self) -> None:
        self._back(self.bench.redo(), "Nothing is left to do again.")

    def _back(self, change: Change | None, nothing: str) -> None:
        """Look at what has come back."""
        self.mode.message = nothing if change is None else f"{change.action[:1].upper()}{change.action[1:]}."
        if change is None or self.following is None:
            return
        rows = [row for label in change.labels if (row := self.following.row_of(label)) is not None]
        if rows:
            self.following.session.queue.go_to(rows[0])

    def _maps(self) -> HoverMaps:
        if self.maps is None:
            raise NucleusError("Expected the NP and HoVer maps, got none yet. Wait until the model has looked at it.")
        return self.maps

    def _on_changed(self, change: Change) -> None:
        self.mode.forget(label for label in change.labels if label not in self.bench.rows)
        if self.following is not None:
            self.following.follow(change.labels)

    def _on_moved(self, row: int) -> None:
        if self.following is None or row < 0:
            return
        label = int(self.following.session.items.label[row])
        self.mode.visit(label if label in self.bench.rows else 0)
        self.visited.emit(label)
