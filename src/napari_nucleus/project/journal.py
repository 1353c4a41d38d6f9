"""The journal: every correction that was ever made, in its order; lines are only added."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

import pandas as pd

from napari_nucleus.core import NucleusError
from napari_nucleus.project.chunks import Box, packed, unpacked
from napari_nucleus.project.classes import ProjectClass
from napari_nucleus.project.edit import Edit, SchemeEdit
from napari_nucleus.project.nuclei import rows_from_json, rows_to_json


class Line(NamedTuple):
    """A line of the journal, without what it changed.

    Attributes
    ----------
    number : int
    uid : str
        The same in every copy of the project.
    time : str
        ISO 8601, UTC.
    annotator : str
    image : int or None
        None: the classes of the whole project.
    action : str
    undoes : int or None
        The line that it takes back.
    applied : bool
        False: it came from another copy and contradicts what was here; it is only kept.
    """

    number: int
    uid: str
    time: str
    annotator: str
    image: int | None
    action: str
    undoes: int | None
    applied: bool


_LINE = "id, uid, time, annotator, image, action, undoes, applied"


def read_lines(base: sqlite3.Connection, image: int | None = None, after: int = 0) -> list[Line]:
    """Lines that were written after another, the oldest first: all, or those about an image or the classes."""
    where, values = ("", ()) if image is None else (" AND (image = ? OR image IS NULL)", (image,))
    found = base.execute(f"SELECT {_LINE} FROM journal WHERE id > ?{where} ORDER BY id", (after, *values))
    return [Line._make((*plain, bool(applied))) for *plain, applied in found]


def last_line(base: sqlite3.Connection, image: int, label: int) -> Line | None:
    """The last line about a nucleus; None where it is as it was added."""
    about = f'%"label": {int(label)},%'
    found = base.execute(
        f"SELECT {_LINE} FROM journal WHERE image = ? AND applied AND (rows_after LIKE ? OR rows_before LIKE ?) "
        "ORDER BY id DESC LIMIT 1",
        (image, about, about),
    ).fetchone()
    return None if found is None else Line._make((*found[:-1], bool(found[-1])))


def now() -> str:
    """The time, as the journal tells it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def new_line(edit: Edit | SchemeEdit, annotator: str, undoes: int | None = None) -> Line:
    """A line about an edit that is made now; its number is given when it is written."""
    image = edit.image if isinstance(edit, Edit) else None
    return Line(0, uuid4().hex, now(), annotator, image, edit.action, undoes, applied=True)


def add_entry(base: sqlite3.Connection, edit: Edit | SchemeEdit, line: Line) -> int:
    """Write an edit down; returns its number."""
    base.execute("INSERT OR IGNORE INTO annotator VALUES (?, ?)", (line.annotator, line.time))
    cursor = base.execute(
        "INSERT INTO journal (uid, time, annotator, image, action, undoes, applied, box, pixels_before, pixels_after, "
        "rows_before, rows_after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*line[1:], *_content(edit)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def read_entry(base: sqlite3.Connection, number: int) -> Edit | SchemeEdit:
    """The edit of a journal line.

    Raises
    ------
    NucleusError
        There is no such line.
    """
    found = base.execute(
        "SELECT image, action, box, pixels_before, pixels_after, rows_before, rows_after FROM journal WHERE id = ?",
        (number,),
    ).fetchone()
    if found is None:
        raise NucleusError(f"Expected a line of the journal, got number {number}, which it hasn't. Choose another.")
    image, action, place, before, after, rows_before, rows_after = found
    if image is None:
        return SchemeEdit(action, _classes_from_json(rows_before), _classes_from_json(rows_after))
    rows = rows_from_json(rows_before), rows_from_json(rows_after)
    if place is None:
        return Edit(image, action, *rows)
    y0, x0, y1, x1 = map(int, place.split(","))
    box: Box = (y0, x0, y1, x1)
    shape = y1 - y0, x1 - x0
    return Edit(image, action, *rows, box, unpacked(before, shape), unpacked(after, shape))


def journal_table(base: sqlite3.Connection) -> pd.DataFrame:
    """Every line: ``id``, ``time``, ``annotator``, ``image`` (name), ``action``, ``undoes``, ``applied``, ``labels``.

    A line about the classes has no image.
    """
    rows = base.execute(
        "SELECT journal.id, time, annotator, image.name, action, undoes, applied, rows_before, rows_after "
        "FROM journal LEFT JOIN image ON image.id = journal.image ORDER BY journal.id"
    )
    lines = []
    for *known, name, action, undoes, applied, before, after in rows:
        labels = sorted({row.label for text in (before, after) for row in rows_from_json(text)}) if name else []
        lines.append((*known, name or "", action, undoes, bool(applied), ",".join(map(str, labels))))
    columns = ["id", "time", "annotator", "image", "action", "undoes", "applied", "labels"]
    return pd.DataFrame(lines, columns=columns).astype({"undoes": "Int64"})


def _content(edit: Edit | SchemeEdit) -> tuple[str | bytes | None, ...]:
    if isinstance(edit, SchemeEdit):
        return None, None, None, _classes_to_json(edit.before), _classes_to_json(edit.after)
    box = None if edit.box is None else ",".join(map(str, edit.box))
    pixels = (None if p is None else packed(p) for p in (edit.pixels_before, edit.pixels_after))
    return box, *pixels, rows_to_json(edit.rows_before), rows_to_json(edit.rows_after)


def _classes_to_json(classes: tuple[ProjectClass, ...]) -> str:
    return json.dumps([one._asdict() for one in classes], ensure_ascii=False)


def _classes_from_json(text: str) -> tuple[ProjectClass, ...]:
    return tuple(ProjectClass(**values) for values in json.loads(text))
