"""A project: images, classes, nuclei, and corrections that are on the disk when they are acknowledged."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, Image, NucleusError, NucleusMap, scheme
from napari_nucleus.io import read_image
from napari_nucleus.project import database
from napari_nucleus.project.chunks import Box, read_box, write_box
from napari_nucleus.project.edit import Edit
from napari_nucleus.project.journal import Line, add_entry, journal_table, read_entry, read_lines
from napari_nucleus.project.nuclei import Provenance, Row, delete_rows, read_rows, rows_of, table_of, write_rows


class Overtaken(NucleusError):
    """Somebody else has changed the same nuclei meanwhile; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "Expected nuclei as they were, got some that somebody else has changed meanwhile. Look at them again."
        )


class ImageEntry(NamedTuple):
    """An image of a project: its id and name, where its file is, its size in pixels and its pixel size in µm."""

    id: int
    name: str
    path: Path
    shape: tuple[int, int]
    mpp: float


class Project:
    """An annotation project in a folder, open until `close`; use it in a ``with`` statement.

    Several may be open on one folder at once, in several programs: each correction is checked against what is there by
    then, so that none overwrites another unseen.
    """

    def __init__(self, folder: Path, base: sqlite3.Connection) -> None:
        self.folder = folder
        self._base = base

    @classmethod
    def create(cls, folder: str | os.PathLike[str], classes: str | ClassScheme) -> Project:
        """A new project.

        Raises
        ------
        NucleusError
            The folder holds one already, or can't be written to.
        """
        kinds = scheme(classes)
        folder = Path(folder).expanduser().resolve()
        base = database.create(folder / database.FILE)
        with database.transaction(base):
            base.execute("INSERT INTO about VALUES ('scheme', ?)", (kinds.name,))
            for number, (name, color) in enumerate(zip(kinds.classes, kinds.colors, strict=True), 1):
                base.execute("INSERT INTO class VALUES (?, ?, ?, ?)", (number, number, name, color))
        return cls(folder, base)

    @classmethod
    def open(cls, folder: str | os.PathLike[str], *, read_only: bool = False) -> Project:
        """An existing project; nothing is read before it is asked for.

        Raises
        ------
        NucleusError
            There is none, it is of a newer version, or it can't be written to.
        """
        folder = Path(folder).expanduser().resolve()
        return cls(folder, database.connect(folder / database.FILE, read_only=read_only))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    @property
    def scheme(self) -> ClassScheme:
        """The classes, in their order."""
        rows = self._classes()
        (name,) = self._base.execute("SELECT value FROM about WHERE key = 'scheme'").fetchone()
        return ClassScheme(name, tuple(row[1] for row in rows), tuple(row[2] for row in rows))

    @property
    def class_ids(self) -> tuple[int, ...]:
        """What `Row.kind` is for each class of `scheme`, in its order."""
        return tuple(row[0] for row in self._classes())

    def images(self) -> list[ImageEntry]:
        """The images, in the order in which they were added."""
        return [self._entry(row) for row in self._base.execute("SELECT * FROM image ORDER BY id")]

    def image(self, number: int) -> ImageEntry:
        """An image.

        Raises
        ------
        NucleusError
            There is none of that number.
        """
        row = self._base.execute("SELECT * FROM image WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise NucleusError(f"Expected an image of the project, got number {number}, which it hasn't. Add it first.")
        return self._entry(row)

    def read_image(self, number: int) -> Image:
        """The pixels of an image.

        Raises
        ------
        NucleusError
            Its file is gone or broken; its nuclei can be read all the same.
        """
        entry = self.image(number)
        return read_image(entry.path, entry.mpp)

    def add_image(
        self, path: str | os.PathLike[str], nuclei: NucleusMap, source: str = Provenance.MODEL, name: str = ""
    ) -> int:
        """Add an image with its nuclei; the file stays where it is.

        Parameters
        ----------
        path : path
        nuclei : NucleusMap
            Of that image; its classes are the project's, by name.
        source : str
            Who has said what they are: a `Provenance`.
        name : str
            By default the file's.

        Returns
        -------
        int
            Its number.

        Raises
        ------
        NucleusError
            An image of that name is there, or the nuclei have other classes.
        """
        path = Path(path).expanduser().resolve()
        name = name or path.stem
        if self._base.execute("SELECT 1 FROM image WHERE name = ?", (name,)).fetchone():
            raise NucleusError(f"Expected a new image, got {name!r}, which is in the project. Give it another name.")
        rows = rows_of(nuclei, self._ids_of(nuclei.scheme), source)
        with database.transaction(self._base):
            values = (name, self._stored(path), *nuclei.labels.shape, nuclei.mpp)
            cursor = self._base.execute(
                "INSERT INTO image (name, path, height, width, mpp) VALUES (?, ?, ?, ?, ?)", values
            )
            number = cursor.lastrowid
            assert number is not None
            write_box(self._base, number, (0, 0, *nuclei.labels.shape), nuclei.labels)
            write_rows(self._base, number, rows)
        return number

    def labels(self, image: int, box: Box | None = None) -> NDArray[np.int32]:
        """Labels of an image, or of a box of it."""
        return read_box(self._base, image, box or (0, 0, *self.image(image).shape))

    def rows(self, image: int, labels: Iterable[int] | None = None) -> list[Row]:
        """What is known of an image's nuclei: all, or those of some labels that exist."""
        return read_rows(self._base, image, labels)

    def nuclei(self, image: int) -> NucleusMap:
        """An image's nuclei; the table has ``source``, ``state`` and ``comment``, too."""
        entry, kinds = self.image(image), self.scheme
        table = table_of(self.rows(image), [row[0] for row in self._classes()], kinds, entry.mpp)
        return NucleusMap(self.labels(image), table, entry.mpp, kinds)

    def apply(self, edit: Edit, annotator: str, *, undoes: int | None = None) -> int:
        """Make a correction; it is on the disk when this returns.

        Returns
        -------
        int
            The number of its line in the journal.

        Raises
        ------
        NucleusError
            Somebody has changed the same nuclei or pixels since, or it can't be written; nothing has changed then.
        """
        with database.transaction(self._base):
            self._replace_pixels(edit)
            self._replace_rows(edit)
            return add_entry(self._base, edit, annotator, undoes)

    def undo(self, line: int, annotator: str) -> int:
        """Take back the correction of a line of the journal; that is a line of its own."""
        return self.apply(self.edit(line).undone(), annotator, undoes=line)

    def edit(self, line: int) -> Edit:
        """What a line of the journal changed."""
        return read_entry(self._base, line)

    def lines(self, image: int, after: int = 0) -> list[Line]:
        """Lines of the journal about an image that were written after another, the oldest first."""
        return read_lines(self._base, image, after)

    def reading(self) -> AbstractContextManager[None]:
        """While in it, everything that is read is of one moment."""
        return database.reading(self._base)

    def journal(self) -> pd.DataFrame:
        """Every correction, the oldest first."""
        return journal_table(self._base)

    def _replace_pixels(self, edit: Edit) -> None:
        if edit.box is None or edit.pixels_before is None or edit.pixels_after is None:
            return
        now = read_box(self._base, edit.image, edit.box)
        changed = edit.pixels_before != edit.pixels_after
        if not np.array_equal(now[changed], edit.pixels_before[changed]):
            raise Overtaken()
        now[changed] = edit.pixels_after[changed]
        write_box(self._base, edit.image, edit.box, now)

    def _replace_rows(self, edit: Edit) -> None:
        before = {row.label: row for row in edit.rows_before}
        after = {row.label: row for row in edit.rows_after}
        now = {row.label: row for row in read_rows(self._base, edit.image, before.keys() | after.keys())}
        if now != before:
            raise Overtaken()
        delete_rows(self._base, edit.image, before.keys() - after.keys())
        write_rows(self._base, edit.image, edit.rows_after)

    def _classes(self) -> list[tuple[int, str, str]]:
        return self._base.execute("SELECT id, name, color FROM class ORDER BY position").fetchall()

    def _ids_of(self, kinds: ClassScheme) -> list[int]:
        """The project's ids of a scheme's classes."""
        known = {name: number for number, name, _ in self._classes()}
        strange = [name for name in kinds.classes if name not in known]
        if strange:
            raise NucleusError(
                f"Expected classes of the project ({', '.join(known)}), got {strange[0]!r}. Add it to the project, or "
                "rename it."
            )
        return [known[name] for name in kinds.classes]

    def _entry(self, row: tuple) -> ImageEntry:
        number, name, path, height, width, mpp = row
        return ImageEntry(number, name, self.folder / path, (height, width), mpp)

    def _stored(self, path: Path) -> str:
        """Relative where the image lies in the project's folder, so that both can be moved together."""
        inside = path.is_relative_to(self.folder)
        return path.relative_to(self.folder).as_posix() if inside else str(path)
