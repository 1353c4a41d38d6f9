"""The classes of a project, which may be added, renamed and merged while nuclei have them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from napari_nucleus.core import ClassScheme


class ProjectClass(NamedTuple):
    """A class: nuclei know it by its id, which stays, whatever becomes of its name.

    Attributes
    ----------
    id : int
    position : int
        Its place among the classes.
    name : str
    color : str
        ``#RRGGBB``.
    key : str
        That sets it; empty: that of its place.
    merged_into : int or None
        The class that it has become part of; its nuclei count as that one's.
    """

    id: int
    position: int
    name: str
    color: str
    key: str = ""
    merged_into: int | None = None


def read_classes(base: sqlite3.Connection) -> tuple[ProjectClass, ...]:
    """All classes in their order, those that were merged into others as well."""
    found = base.execute("SELECT id, position, name, color, key, merged_into FROM class ORDER BY position, id")
    return tuple(ProjectClass(*values) for values in found)


def write_classes(base: sqlite3.Connection, classes: Iterable[ProjectClass]) -> None:
    """Put these in the place of all."""
    base.execute("DELETE FROM class")
    base.executemany("INSERT INTO class VALUES (?, ?, ?, ?, ?, ?)", classes)


def active(classes: Iterable[ProjectClass]) -> list[ProjectClass]:
    """Those that are no other's part."""
    return [one for one in classes if one.merged_into is None]


def numbers_of(classes: Sequence[ProjectClass]) -> dict[int, int]:
    """The number 1, 2, … of each class, by id; a merged one has the number of what it has become part of."""
    number = {one.id: i for i, one in enumerate(active(classes), 1)}
    parent = {one.id: one.merged_into for one in classes}
    for one in classes:
        into = one.id
        while (above := parent[into]) is not None:
            into = above
        number[one.id] = number[into]
    return number


def scheme_of(name: str, classes: Sequence[ProjectClass]) -> ClassScheme:
    """The classes as a scheme."""
    now = active(classes)
    return ClassScheme(name, tuple(one.name for one in now), tuple(one.color for one in now))
