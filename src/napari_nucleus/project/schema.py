"""The tables of a project, and how those of older versions become them."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

VERSION = 2
APPLICATION = 0x6E6E7563  # "nnuc", which tells our databases from others

# Chunks and journal grow; nothing that is in them is ever rewritten whole.
_JOURNAL = """
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, time TEXT NOT NULL, annotator TEXT NOT NULL,
    image INTEGER REFERENCES image, action TEXT NOT NULL, undoes INTEGER REFERENCES journal, box TEXT,
    pixels_before BLOB, pixels_after BLOB, rows_before TEXT NOT NULL, rows_after TEXT NOT NULL,
    applied INTEGER NOT NULL DEFAULT 1);
CREATE INDEX journal_by_image ON journal (image, id);
"""
_PEOPLE = """
CREATE TABLE annotator (name TEXT PRIMARY KEY, since TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot (
    name TEXT PRIMARY KEY, time TEXT NOT NULL, annotator TEXT NOT NULL, line INTEGER NOT NULL) WITHOUT ROWID;
"""
_TABLES = f"""
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE class (
    id INTEGER PRIMARY KEY, position INTEGER NOT NULL, name TEXT NOT NULL, color TEXT NOT NULL,
    key TEXT NOT NULL DEFAULT '', merged_into INTEGER);
CREATE TABLE image (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, path TEXT NOT NULL,
    height INTEGER NOT NULL, width INTEGER NOT NULL, mpp REAL NOT NULL,
    features TEXT NOT NULL DEFAULT '[]', next_label INTEGER NOT NULL DEFAULT 1);
CREATE TABLE chunk (
    image INTEGER NOT NULL REFERENCES image, y INTEGER NOT NULL, x INTEGER NOT NULL, labels BLOB NOT NULL,
    PRIMARY KEY (image, y, x)) WITHOUT ROWID;
CREATE TABLE nucleus (
    image INTEGER NOT NULL REFERENCES image, label INTEGER NOT NULL, y REAL NOT NULL, x REAL NOT NULL,
    area INTEGER NOT NULL, class INTEGER NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL, comment TEXT NOT NULL,
    probabilities BLOB, features BLOB, PRIMARY KEY (image, label)) WITHOUT ROWID;
{_JOURNAL}{_PEOPLE}
"""
# Version 1 knew neither features nor scheme edits, annotators nor snapshots.
_FROM_1 = f"""
CREATE TABLE class_2 (
    id INTEGER PRIMARY KEY, position INTEGER NOT NULL, name TEXT NOT NULL, color TEXT NOT NULL,
    key TEXT NOT NULL DEFAULT '', merged_into INTEGER);
INSERT INTO class_2 (id, position, name, color) SELECT id, position, name, color FROM class;
DROP TABLE class;
ALTER TABLE class_2 RENAME TO class;
ALTER TABLE image ADD COLUMN features TEXT NOT NULL DEFAULT '[]';
ALTER TABLE image ADD COLUMN next_label INTEGER NOT NULL DEFAULT 1;
UPDATE image SET next_label = 1 + coalesce((SELECT max(label) FROM nucleus WHERE image = image.id), 0);
ALTER TABLE nucleus ADD COLUMN features BLOB;
DROP INDEX journal_by_image;
ALTER TABLE journal RENAME TO journal_1;
{_JOURNAL}
INSERT INTO journal (id, uid, time, annotator, image, action, undoes, box, pixels_before, pixels_after, rows_before,
    rows_after)
    SELECT id, uid, time, annotator, image, action, undoes, box, pixels_before, pixels_after, rows_before, rows_after
    FROM journal_1 ORDER BY id;
DROP TABLE journal_1;
{_PEOPLE}
INSERT INTO annotator SELECT annotator, min(time) FROM journal GROUP BY annotator;
"""
_STEPS = {1: _FROM_1}


def create_tables(base: sqlite3.Connection) -> None:
    """The tables of a new project; in a transaction."""
    _run(base, _TABLES)
    base.execute(f"PRAGMA application_id = {APPLICATION}")
    _finish(base)


def migrate(base: sqlite3.Connection) -> None:
    """Bring the tables of an older version up to ours; in a transaction, without enforced foreign keys."""
    for version in range(version_of(base), VERSION):
        _run(base, _STEPS[version])
    _finish(base)


def version_of(base: sqlite3.Connection) -> int:
    """The version of a project's tables."""
    return int(base.execute("PRAGMA user_version").fetchone()[0])


def _finish(base: sqlite3.Connection) -> None:
    # Copies of a project share it, and so can be merged.
    base.execute("INSERT OR IGNORE INTO about VALUES ('uid', ?)", (uuid4().hex,))
    base.execute(f"PRAGMA user_version = {VERSION}")


def _run(base: sqlite3.Connection, statements: str) -> None:
    """Statements one by one: `executescript` would end the transaction."""
    for statement in statements.split(";"):
        base.execute(statement)
