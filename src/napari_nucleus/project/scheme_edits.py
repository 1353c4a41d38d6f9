"""Changes of a project's classes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from napari_nucleus.core import NucleusError, own_scheme
from napari_nucleus.project.classes import ProjectClass, active
from napari_nucleus.project.edit import SchemeEdit

_COLOR = re.compile("#[0-9a-fA-F]{6}")


def added(classes: Sequence[ProjectClass], name: str, color: str = "", key: str = "") -> SchemeEdit:
    """A new class, the last one; without a colour it gets one that isn't taken."""
    _check_name(classes, name)
    now = active(classes)
    color = color or own_scheme("project", [*(one.name for one in now), name], [one.color for one in now]).colors[-1]
    number = 1 + max(one.id for one in classes)
    one = ProjectClass(number, 1 + max(c.position for c in classes), name, _checked_color(color))
    after = (*classes, one)
    return SchemeEdit("add class", tuple(classes), keyed(after, name, key).after if key else after)


def renamed(classes: Sequence[ProjectClass], name: str, to: str) -> SchemeEdit:
    """A class of another name."""
    one = _find(classes, name)
    if to != name:
        _check_name(classes, to)
    return _with("rename class", classes, one._replace(name=to))


def recoloured(classes: Sequence[ProjectClass], name: str, color: str) -> SchemeEdit:
    """A class of another colour."""
    return _with("colour class", classes, _find(classes, name)._replace(color=_checked_color(color)))


def keyed(classes: Sequence[ProjectClass], name: str, key: str) -> SchemeEdit:
    """A class with another key."""
    one = _find(classes, name)
    other = next((c.name for c in active(classes) if key and c.key == key and c.id != one.id), None)
    if other is not None:
        raise NucleusError(f"Expected a key that is free, got {key!r}, which sets {other}. Choose another.")
    return _with("key of class", classes, one._replace(key=key))


def merged(classes: Sequence[ProjectClass], name: str, into: str) -> SchemeEdit:
    """A class that becomes part of another; not one nucleus is written for it."""
    one, other = _find(classes, name), _find(classes, into)
    if one == other:
        raise NucleusError(f"Expected two different classes, got {name!r} twice. Choose another.")
    return _with("merge classes", classes, one._replace(merged_into=other.id))


def _with(action: str, classes: Sequence[ProjectClass], one: ProjectClass) -> SchemeEdit:
    return SchemeEdit(action, tuple(classes), tuple(one if c.id == one.id else c for c in classes))


def _find(classes: Sequence[ProjectClass], name: str) -> ProjectClass:
    now = active(classes)
    for one in now:
        if one.name == name:
            return one
    names = ", ".join(c.name for c in now)
    raise NucleusError(f"Expected a class of the project ({names}), got {name!r}. Choose one of those.")


def _check_name(classes: Sequence[ProjectClass], name: str) -> None:
    if name.strip() in ("", "unknown", "background") or any(one.name == name for one in active(classes)):
        raise NucleusError(f"Expected a name that no class has, got {name!r}. Choose another.")


def _checked_color(color: str) -> str:
    if not _COLOR.fullmatch(color):
        raise NucleusError(f"Expected a colour as #RRGGBB, got {color!r}. Correct it.")
    return color
