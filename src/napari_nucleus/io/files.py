"""Reading that explains itself, and writing that is whole or not there."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from napari_nucleus.core import NucleusError


@contextmanager
def reading(path: Path, what: str, suffixes: Iterable[str], *, folder: bool = False) -> Iterator[None]:
    """Turn whatever goes wrong while a file is read into one line.

    Parameters
    ----------
    path : Path
    what : str
        What the file should hold, for the message: "image".
    suffixes : iterable of str
        Those that can be read, in lower case.
    folder : bool
        It is a folder, such as a zarr group.

    Raises
    ------
    NucleusError
        The file is missing, a folder, empty, of another suffix, or broken. The message names it, so that those raised
        inside need not.
    """
    try:
        _check(path, what, list(suffixes), folder)
        yield
    except NucleusError as error:
        raise NucleusError(f"{error} File: {path}") from error
    except PermissionError as error:
        raise NucleusError(f"Expected the right to read the {what}, got none. Ask for it. File: {path}") from error
    except MemoryError as error:
        raise NucleusError(f"Expected data that fits into memory, got more. Cut the {what}. File: {path}") from error
    except Exception as error:  # decoders raise whatever they like on a broken file
        reason = " ".join(str(error).replace(str(path), "").split())[:120] or type(error).__name__
        raise NucleusError(
            f"Expected a whole {path.suffix.lower()}, got a broken one ({reason}). Export it again. File: {path}"
        ) from error


def _check(path: Path, what: str, suffixes: list[str], folder: bool) -> None:
    wanted = "folder" if folder else "file"
    if not path.exists():
        raise NucleusError(f"Expected a {wanted}, got nothing of that name. Check the path.")
    if path.is_dir() != folder:
        raise NucleusError(f"Expected a {wanted}, got a {'file' if folder else 'folder'}. Choose the {what} itself.")
    if path.suffix.lower() not in suffixes:
        found = path.suffix or "no suffix"
        raise NucleusError(f"Expected {', '.join(suffixes)}, got {found}. Save the {what} in one of these formats.")
    if not folder and path.stat().st_size == 0:
        raise NucleusError(f"Expected a {wanted} with content, got an empty one. Export the {what} again.")


def natural(name: str) -> list[tuple[int, str]]:
    """Key that sorts names as a person would: 2 before 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in re.split(r"(\d+)", name)]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path beside ``path`` to write to; it takes the place of ``path`` when all went well, and is gone otherwise.

    Parameters
    ----------
    path : path
        A file, or a folder such as a zarr group.

    Yields
    ------
    Path
        Of the same suffix, in the same folder.

    Raises
    ------
    NucleusError
        The folder is missing or can't be written to, or the disk is full.
    """
    path = Path(path)
    temporary = path.with_name(f".{uuid4().hex[:8]}.{path.name}")
    try:
        yield temporary
        if temporary.is_dir() and path.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)
    except OSError as error:
        raise NucleusError(
            f"Expected a place to write {path}, got an error ({error.strerror or error}). "
            "Choose a folder that exists, may be written to and has room."
        ) from error
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        with suppress(OSError):  # gone already, or never there
            temporary.unlink()
