"""The database file of a project: opened so that what is acknowledged is on the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_nucleus.core import NucleusError
from napari_nucleus.project import schema
from napari_nucleus.project.filesystem import on_network, sync_folder

FILE = "project.db"
_WAIT_S = 10.0


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
        base = _connect(path, "mode=rwc")
        _secure(base, path)
        with transaction(base):
            schema.create_tables(base)
        sync_folder(path.parent)
    return base


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a database; one of an older version is brought up to ours.

    Raises
    ------
    NucleusError
        It is missing, no project's, of a newer version, or can't be written to.
    """
    if not path.is_file():
        raise NucleusError(f"Expected an annotation project ({FILE}), got none. Choose its folder: {path.parent}")
    with _told(path):
        base = _connect(path, _how_to_read(path) if read_only else "mode=rw")
        try:
            if _checked_version(base, path) < schema.VERSION:
                _renew(base, path, read_only)
            if not read_only:
                _secure(base, path)
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
        if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:  # full, locked, broken
            raise _not_written(error) from None
        raise


@contextmanager
def reading(base: sqlite3.Connection) -> Iterator[None]:
    """One state of the database, whatever others write meanwhile."""
    base.execute("BEGIN")
    try:
        yield
    finally:
        base.execute("COMMIT")


def _connect(path: Path, how: str) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?{how}"
    return sqlite3.connect(uri, uri=True, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)


def _how_to_read(path: Path) -> str:
    """Where nothing can be written, not even the files beside the database that tell readers of writers."""
    log = path.with_name(f"{path.name}-wal")
    try:
        with path.open("r+b"):
            return "mode=ro"
    except OSError:
        return "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"


def _secure(base: sqlite3.Connection, path: Path) -> None:
    """A commit returns when it is on the disk; readers and a writer don't wait for each other where that can be had."""
    wanted = "DELETE" if on_network(path.parent) else "WAL"
    if base.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0] != "wal":
        base.execute("PRAGMA journal_mode = DELETE")
        base.execute("PRAGMA synchronous = EXTRA")  # the deletion of the rollback journal is on the disk, too
    else:
        base.execute("PRAGMA synchronous = FULL")
    base.execute("PRAGMA fullfsync = ON")  # macOS: past the cache of the disk itself
    base.execute("PRAGMA foreign_keys = ON")


def _checked_version(base: sqlite3.Connection, path: Path) -> int:
    if base.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION:
        raise NucleusError(f"Expected an annotation project, got another database. Choose a project's folder: {path}")
    version = schema.version_of(base)
    if version > schema.VERSION:
        raise NucleusError(
            f"Expected a project of this version ({schema.VERSION}), got one of a newer ({version}). "
            "Update napari-nucleus."
        )
    return version


def _renew(base: sqlite3.Connection, path: Path, read_only: bool) -> None:
    """Bring an older version up to ours, all or nothing."""
    if read_only:
        connect(path).close()
        return
    _secure(base, path)
    base.execute("PRAGMA foreign_keys = OFF")  # tables are replaced
    with transaction(base):
        if schema.version_of(base) < schema.VERSION:  # another program may have been quicker
            schema.migrate(base)


def _not_written(error: sqlite3.Error) -> NucleusError:
    code = getattr(error, "sqlite_errorname", "")
    cure = {
        "SQLITE_FULL": "Free some space, and do it again",
        "SQLITE_BUSY": "Wait until the other program has finished, and do it again",
        "SQLITE_READONLY": "Copy the project to a folder that can be written to",
    }.get(code, "Check the disk, and do it again")
    return NucleusError(f"Expected to write into the project, got: {error}. Nothing was changed. {cure}.")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        reason = " ".join(str(error).split())
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_READONLY"):
            raise NucleusError(
                f"Expected a project that can be written to, got one that can't be written to: {path.parent}. "
                "Copy it to a folder of yours, or open it read-only."
            ) from None
        raise NucleusError(f"Expected an annotation project, got: {reason}. Check the folder: {path.parent}") from None
