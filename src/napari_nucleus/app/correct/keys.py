"""Which key does what in Review mode: data that can be changed and kept, without a window."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from platformdirs import user_config_path

from napari_nucleus.core import NucleusError
from napari_nucleus.io.files import replacing

_VARIABLE = "NAPARI_NUCLEUS_KEYS"
_FIXED = ("Escape", "Tab", "Shift-Tab")
_MODIFIERS = ("Ctrl", "Alt", "Meta", "Shift")


class Action(StrEnum):
    """What a key can do, besides setting a class."""

    ACCEPT = "accept"
    REJECT = "reject"
    ABSTAIN = "abstain"
    FLAG = "flag"
    COMMENT = "comment"
    NEXT = "next"
    PREVIOUS = "previous"
    UNDO = "undo"
    REDO = "redo"
    DELETE = "delete"
    MERGE = "merge"
    SPLIT = "split"
    CUT = "split along a line"
    ADD = "add a missed nucleus"
    GROW = "grow the proposal"
    SHRINK = "shrink the proposal"
    CONFIRM = "confirm"
    DRAW = "draw a nucleus"
    EXTEND = "extend with the brush"
    ERASE = "erase with the brush"
    FILL = "fill holes"
    SMOOTH = "smooth"
    LASSO = "choose with a lasso"
    BOX = "choose with a box"
    MORE = "paint nucleus into NP"
    LESS = "paint background into NP"
    HELP = "show all keys"
    LEAVE = "leave, or drop what is begun"


Command = Action | int
"""An action, or the number of the class that a key sets."""

DEFAULTS: Mapping[Command, tuple[str, ...]] = MappingProxyType(
    {
        Action.ACCEPT: ("Space",),
        Action.REJECT: ("R",),
        Action.ABSTAIN: ("K",),
        Action.FLAG: ("F",),
        Action.COMMENT: ("C",),
        Action.NEXT: ("N",),
        Action.PREVIOUS: ("P",),
        Action.UNDO: ("U", "Ctrl-Z"),
        Action.REDO: ("Shift-U", "Ctrl-Shift-Z"),
        Action.DELETE: ("X", "Delete"),
        Action.MERGE: ("M",),
        Action.SPLIT: ("S",),
        Action.CUT: ("Shift-S",),
        Action.ADD: ("A",),
        Action.GROW: ("Up", "+"),
        Action.SHRINK: ("Down", "-"),
        Action.CONFIRM: ("Enter",),
        Action.DRAW: ("D",),
        Action.EXTEND: ("E",),
        Action.ERASE: ("Shift-E",),
        Action.FILL: ("H",),
        Action.SMOOTH: ("O",),
        Action.LASSO: ("L",),
        Action.BOX: ("B",),
        Action.MORE: ("W",),
        Action.LESS: ("Shift-W",),
        Action.HELP: ("?",),
        Action.LEAVE: ("Escape",),
    }
)


@dataclass(frozen=True, slots=True)
class KeyMap:
    """Keys by what they do.

    Attributes
    ----------
    keys : mapping
        From an action or a class number to its keys, the one that is shown first. A key is written as ``X``,
        ``Shift-3`` or ``Ctrl-Shift-Z``: modifiers in the order Ctrl, Alt, Meta, Shift; letters are capitals.
    """

    keys: Mapping[Command, tuple[str, ...]]

    @classmethod
    def default(cls, n_classes: int) -> KeyMap:
        """The keys that everybody starts with: digits for the first ten classes, Shift and a digit for the next ten.

        Examples
        --------
        >>> keys = KeyMap.default(12)
        >>> keys.command("1"), keys.command("0"), keys.command("Shift-2"), str(keys.command("X"))
        (1, 10, 12, 'delete')
        """
        classes: dict[Command, tuple[str, ...]] = {i: _digit(i) for i in range(1, n_classes + 1)}
        return cls({**classes, **DEFAULTS})

    def command(self, key: str) -> Command | None:
        """What a key does; None where it does nothing."""
        return next((command for command, keys in self.keys.items() if key in keys), None)

    def shown(self, command: Command) -> str:
        """The keys of a command, for a person."""
        return " or ".join(key.replace("-", "+") if len(key) > 1 else key for key in self.keys.get(command, ()))

    def rebound(self, command: Command, key: str) -> KeyMap:
        """With another key, in place of all that the command had.

        Raises
        ------
        NucleusError
            The key does something else already, or can't be taken.
        """
        if command == Action.LEAVE or not key or key in (*_FIXED, *_MODIFIERS):
            raise NucleusError(f"Expected a key that is free to choose, got {key or 'none'}. Choose another.")
        taken = self.command(key)
        if taken not in (None, command):
            raise NucleusError(f"Expected a free key, got {key}, which is taken ({_named(taken)}). Choose another.")
        return KeyMap({**self.keys, command: (key,)})

    def __iter__(self) -> Iterator[tuple[Command, str]]:
        """Each command with its keys for a person, classes first."""
        return ((command, self.shown(command)) for command in self.keys)


def keys_file() -> Path:
    """Where a user's own keys are kept; the environment variable ``NAPARI_NUCLEUS_KEYS`` names another place."""
    named = os.environ.get(_VARIABLE)
    return Path(named).expanduser() if named else user_config_path("napari-nucleus", appauthor=False) / "keys.json"


def load_keys(class_keys: Sequence[str], file: Path) -> KeyMap:
    """The default keys with the project's and the user's changes; those that don't fit each other are left out.

    Parameters
    ----------
    class_keys : sequence of str
        Of the classes, in their order; empty: that of its place.
    file : Path
        What `save_keys` wrote; needn't be there.

    Raises
    ------
    NucleusError
        The file is none of ours.
    """
    keys = KeyMap.default(len(class_keys))
    own: dict[Command, str] = {number: key for number, key in enumerate(class_keys, 1) if key}
    for command, key in (own | _kept(file)).items():
        if keys.command(key) is None and key not in _FIXED:
            keys = keys.rebound(command, key)
    return keys


def save_keys(keys: KeyMap, file: Path) -> None:
    """Keep the keys of actions that differ from the defaults; those of classes belong to the project.

    Raises
    ------
    NucleusError
        The file can't be written.
    """
    changed = {str(action): keys.keys[action][0] for action, usual in DEFAULTS.items() if keys.keys[action] != usual}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as part:
            part.write_text(json.dumps(changed, indent=1, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise NucleusError(
            f"Expected to keep the keys, got: {error.strerror}. They count until the end. File: {file}"
        ) from None


def _kept(file: Path) -> dict[Command, str]:
    """Keys of actions that a user has changed."""
    if not file.is_file():
        return {}
    try:
        named = {str(name): str(key) for name, key in json.loads(file.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError):
        raise NucleusError(f"Expected the keys of Review mode, got something else. Delete the file: {file}") from None
    actions = [action for action in Action if action is not Action.LEAVE and named.get(action)]
    return {action: named[action] for action in actions}


def _digit(number: int) -> tuple[str, ...]:
    if number > 20:
        return ()
    return (f"{number % 10}" if number <= 10 else f"Shift-{number % 10}",)


def _named(command: Command | None) -> str:
    return f"class {command}" if isinstance(command, int) else str(command)
