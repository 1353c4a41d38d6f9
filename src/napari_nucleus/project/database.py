"""The database file of a project: opened so that what is acknowledged is on the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_nucleus.core import NucleusError

FILE = "project.db"
VERSION = 1
_OURS = 0x6E6E7563  # "nnuc", which tells our databases from others
_WAIT_S = 10.0

# Chunks and journal grow; nothing that is in them is ever rewritten whole.
_SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE class (
    id INTEGER PRIMARY KEY, position INTEGER NOT NULL, name TEXT NOT NULL UNIQUE, color TEXT NOT NULL);
CREATE TABLE image (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, path TEXT NOT NULL,
    height INTEGER NOT NULL, width INTEGER NOT NULL, mpp REAL NOT NULL);
CREATE TABLE chunk (
    image INTEGER NOT NULL REFERENCES image, y INTEGER NOT NULL, x INTEGER NOT NULL, labels BLOB NOT NULL,
    PRIMARY KEY (image, y, x)) WITHOUT ROWID;
CREATE TABLE nucleus (
    image INTEGER NOT NULL REFERENCES image, label INTEGER NOT NULL, y REAL NOT NULL, x REAL NOT NULL,
    area INTEGER NOT NULL, class INTEGER NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL, comment TEXT NOT NULL,
    probabilities BLOB, PRIMARY KEY (image, label)) WITHOUT ROWID;
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, time TEXT NOT NULL, annotator TEXT NOT NULL,
    image INTEGER NOT NULL REFERENCES image, action TEXT NOT NULL, undoes INTEGER REFERENCES journal, box TEXT,
    pixels_before BLOB, pixels_after BLOB, rows_before TEXT NOT NULL, rows_after TEXT NOT NULL);
CREATE INDEX journal_by_image ON journal (image, id);
"""


def create(path: Path) -> sqlite3.Connection:
    """A new database.

    Raises
    ------
    NucleusError
        There is one already, or it can't be written.
    """
    if path.exists():
        raise NucleusError(f"Expected a new project, got {path.parent}, where one is. Open it, or choose another.")
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        base = _connect(path, "rwc")
        _secure(base)
        with transaction(base):
            for statement in _SCHEMA.split(";"):
                base.execute(statement)
            base.execute(f"PRAGMA application_id = {_OURS}")
            base.execute(f"PRAGMA user_version = {VERSION}")
    return base


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a database.

    Raises
    ------
    NucleusError
        It is missing, no project's, of a newer version, or can't be written to.
    """
    if not path.is_file():
        raise NucleusError(f"Expected an annotation project ({FILE}), got none. Choose its folder: {path.parent}")
    with _told(path):
        base = _connect(path, "ro" if read_only else "rw")
        try:
            _check(base, path)
            if not read_only:
                _secure(base)
                base.execute("BEGIN IMMEDIATE").execute("COMMIT")  # says now whether it can be written
        except BaseException:
            base.close()
            raise
    return base


@contextmanager
def transaction(base: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; on the disk when it ends. Others wait for as long as it takes.

    Raises
    ------
    NucleusError
        The disk is full or gone, or another program keeps the project locked; nothing has changed then.
    """
    try:
        base.execute("BEGIN IMMEDIATE")
        yield
        base.execute("COMMIT")
    except BaseException as error:
        with suppress(sqlite3.Error):
            base.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError):
            raise NucleusError(f"Expected to write into the project, got: {error}. Nothing was changed.") from None
        raise


@contextmanager
def reading(base: sqlite3.Connection) -> Iterator[None]:
    """One state of the database, whatever others write meanwhile."""
    base.execute("BEGIN")
    try:
        yield
    finally:
        base.execute("COMMIT")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)


def _secure(base: sqlite3.Connection) -> None:
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("PRAGMA foreign_keys = ON")


def _check(base: sqlite3.Connection, path: Path) -> None:
    ours = base.execute("PRAGMA application_id").fetchone()[0] == _OURS
    version = base.execute("PRAGMA user_version").fetchone()[0]
    if not ours:
        raise NucleusError(f"Expected an annotation project, got another database. Choose a project's folder: {path}")
    if version > VERSION:
        raise NucleusError(
            f"Expected a project of this version ({VERSION}), got one of a newer ({version}). Update napari-nucleus."
        )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        reason = " ".join(str(error).split())
        raise NucleusError(f"Expected an annotation project, got: {reason}. Check the folder: {path.parent}") from None
