"""Corrections made: each is checked against what is there by then, so that none overwrites another unseen."""

from __future__ import annotations

import sqlite3

import numpy as np

from napari_nucleus.core import NucleusError
from napari_nucleus.project.chunks import read_box, write_box
from napari_nucleus.project.classes import read_classes, write_classes
from napari_nucleus.project.edit import Edit, SchemeEdit
from napari_nucleus.project.nuclei import delete_rows, read_rows, write_rows


class OvertakenError(NucleusError):
    """Somebody else has changed the same meanwhile; nothing was changed."""

    def __init__(self, what: str = "nuclei") -> None:
        super().__init__(
            f"Expected {what} as they were, got some that somebody else has changed meanwhile. Look at them again."
        )


def make(base: sqlite3.Connection, edit: Edit | SchemeEdit) -> None:
    """Make an edit; in a transaction.

    Raises
    ------
    OvertakenError
        What it changes isn't as it was. The transaction must be given up.
    """
    if isinstance(edit, SchemeEdit):
        _replace_classes(base, edit)
    else:
        _replace_pixels(base, edit)
        _replace_rows(base, edit)


def _replace_classes(base: sqlite3.Connection, edit: SchemeEdit) -> None:
    if sorted(read_classes(base)) != sorted(edit.before):
        raise OvertakenError("classes")
    write_classes(base, edit.after)


def _replace_pixels(base: sqlite3.Connection, edit: Edit) -> None:
    if edit.box is None or edit.pixels_before is None or edit.pixels_after is None:
        return
    now = read_box(base, edit.image, edit.box)
    changed = edit.pixels_before != edit.pixels_after
    if not np.array_equal(now[changed], edit.pixels_before[changed]):
        raise OvertakenError
    now[changed] = edit.pixels_after[changed]
    write_box(base, edit.image, edit.box, now)


def _replace_rows(base: sqlite3.Connection, edit: Edit) -> None:
    before = {row.label: row for row in edit.rows_before}
    after = {row.label: row for row in edit.rows_after}
    now = {row.label: row for row in read_rows(base, edit.image, before.keys() | after.keys())}
    if now != before:
        raise OvertakenError
    delete_rows(base, edit.image, before.keys() - after.keys())
    write_rows(base, edit.image, edit.rows_after)
