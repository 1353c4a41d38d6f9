"""The journal: every correction that was ever made, in its order; lines are only added."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

import pandas as pd

from napari_nucleus.core import NucleusError
from napari_nucleus.project.chunks import Box, packed, unpacked
from napari_nucleus.project.edit import Edit
from napari_nucleus.project.nuclei import rows_from_json, rows_to_json


class Line(NamedTuple):
    """A line of the journal, without what it changed: its number, who wrote it, and which line it takes back."""

    number: int
    annotator: str
    action: str
    undoes: int | None


def read_lines(base: sqlite3.Connection, image: int, after: int = 0) -> list[Line]:
    """Lines of an image that were written after another, the oldest first."""
    found = base.execute(
        "SELECT id, annotator, action, undoes FROM journal WHERE image = ? AND id > ? ORDER BY id", (image, after)
    )
    return [Line(*values) for values in found]


def add_entry(base: sqlite3.Connection, edit: Edit, annotator: str, undoes: int | None) -> int:
    """Write an edit down; returns its number."""
    pixels = [None if p is None else packed(p) for p in (edit.pixels_before, edit.pixels_after)]
    cursor = base.execute(
        "INSERT INTO journal (uid, time, annotator, image, action, undoes, box, pixels_before, pixels_after, "
        "rows_before, rows_after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            uuid4().hex,
            datetime.now(UTC).isoformat(timespec="milliseconds"),
            annotator,
            edit.image,
            edit.action,
            undoes,
            None if edit.box is None else ",".join(map(str, edit.box)),
            *pixels,
            rows_to_json(edit.rows_before),
            rows_to_json(edit.rows_after),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def read_entry(base: sqlite3.Connection, number: int) -> Edit:
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
    rows = rows_from_json(rows_before), rows_from_json(rows_after)
    if place is None:
        return Edit(image, action, *rows)
    y0, x0, y1, x1 = map(int, place.split(","))
    box: Box = (y0, x0, y1, x1)
    shape = y1 - y0, x1 - x0
    return Edit(image, action, *rows, box, unpacked(before, shape), unpacked(after, shape))


def journal_table(base: sqlite3.Connection) -> pd.DataFrame:
    """``id``, ``time``, ``annotator``, ``image`` (name), ``action``, ``undoes`` and ``labels`` of every line."""
    rows = base.execute(
        "SELECT journal.id, time, annotator, image.name, action, undoes, rows_before, rows_after "
        "FROM journal JOIN image ON image.id = journal.image ORDER BY journal.id"
    )
    lines = []
    for *known, before, after in rows:
        labels = sorted({row.label for text in (before, after) for row in rows_from_json(text)})
        lines.append((*known, ",".join(map(str, labels))))
    return pd.DataFrame(lines, columns=["id", "time", "annotator", "image", "action", "undoes", "labels"])
