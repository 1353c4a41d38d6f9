"""A project: images, classes, nuclei, and corrections that are on the disk when they are acknowledged."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, Image, NucleusError, NucleusMap, scheme
from napari_nucleus.io import read_image
from napari_nucleus.project import changes, database, images, journal
from napari_nucleus.project.chunks import Box, read_box
from napari_nucleus.project.classes import ProjectClass, active, numbers_of, read_classes, scheme_of, write_classes
from napari_nucleus.project.edit import Edit, SchemeEdit
from napari_nucleus.project.images import ImageEntry
from napari_nucleus.project.nuclei import Provenance, Row, read_rows, table_of


class Project:
    """An annotation project in a folder, open until `close`; use it in a ``with`` statement.

    Several may be open on one folder at once, in several programs: each correction is checked against what is there by
    then, so that none overwrites another unseen.

    Attributes
    ----------
    folder : Path
    base : sqlite3.Connection
        Its database; for the modules of this package.
    """

    def __init__(self, folder: Path, base: sqlite3.Connection) -> None:
        self.folder, self.base = folder, base

    @classmethod
    def create(cls, folder: str | os.PathLike[str], kinds: str | ClassScheme) -> Project:
        """A new project of some classes.

        Raises
        ------
        NucleusError
            The folder holds one already, or can't be written to.
        """
        known = scheme(kinds)
        folder = Path(folder).expanduser().resolve()
        base = database.create(folder / database.FILE)
        with database.transaction(base):
            base.execute("INSERT INTO about VALUES ('scheme', ?)", (known.name,))
            rows = enumerate(zip(known.classes, known.colors, strict=True), 1)
            write_classes(base, (ProjectClass(i, i, name, color) for i, (name, color) in rows))
        return cls(folder, base)

    @classmethod
    def open(cls, folder: str | os.PathLike[str], *, read_only: bool = False) -> Project:
        """An existing project; nothing is read before it is asked for. One of an older version is brought up to ours.

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
        self.base.close()

    @property
    def scheme(self) -> ClassScheme:
        """The classes, in their order."""
        (name,) = self.base.execute("SELECT value FROM about WHERE key = 'scheme'").fetchone()
        return scheme_of(name, self.classes)

    @property
    def classes(self) -> tuple[ProjectClass, ...]:
        """All that is known of the classes, those that were merged into others as well."""
        return read_classes(self.base)

    @property
    def annotators(self) -> tuple[str, ...]:
        """Who has ever corrected something."""
        return tuple(name for (name,) in self.base.execute("SELECT name FROM annotator ORDER BY since, name"))

    def images(self) -> list[ImageEntry]:
        """The images, in the order in which they were added."""
        return images.read_images(self.base, self.folder)

    def image(self, number: int) -> ImageEntry:
        """An image.

        Raises
        ------
        NucleusError
            There is none of that number.
        """
        return images.read_image_entry(self.base, self.folder, number)

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
            Of that image; its classes are the project's, by name. Other columns of numbers are kept as features.
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
        with database.transaction(self.base):
            stored, ids = images.stored_path(path, self.folder), self._ids_of(nuclei.scheme)
            return images.add_image(self.base, name or path.stem, stored, nuclei, ids, source)

    def labels(self, image: int, box: Box | None = None) -> NDArray[np.int32]:
        """Labels of an image, or of a box of it."""
        return read_box(self.base, image, box or (0, 0, *self.image(image).shape))

    def rows(self, image: int, labels: Iterable[int] | None = None) -> list[Row]:
        """What is known of an image's nuclei: all, or those of some labels that exist."""
        return read_rows(self.base, image, labels)

    def nuclei(self, image: int) -> NucleusMap:
        """An image's nuclei; the table has its features, ``source``, ``state`` and ``comment``, too."""
        with self.reading():
            return self.nuclei_of(image, self.labels(image), self.rows(image))

    def nuclei_of(self, image: int, labels: NDArray[np.int32], rows: list[Row]) -> NucleusMap:
        """Labels and rows of an image as `nuclei` gives them."""
        entry, kinds = self.image(image), self.scheme
        table = table_of(rows, numbers_of(self.classes), kinds, entry.mpp, entry.features)
        return NucleusMap(labels, table, entry.mpp, kinds)

    def take_labels(self, image: int, count: int = 1) -> range:
        """Labels for new nuclei, which nobody else is given."""
        with database.transaction(self.base):
            return images.take_labels(self.base, image, count)

    def apply(self, edit: Edit | SchemeEdit, annotator: str, *, undoes: int | None = None) -> int:
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
        with database.transaction(self.base):
            changes.make(self.base, edit)
            return journal.add_entry(self.base, edit, journal.new_line(edit, annotator, undoes))

    def undo(self, line: int, annotator: str) -> int:
        """Take back the correction of a line of the journal; that is a line of its own."""
        return self.apply(self.edit(line).undone(), annotator, undoes=line)

    def edit(self, line: int) -> Edit | SchemeEdit:
        """What a line of the journal changed."""
        return journal.read_entry(self.base, line)

    def lines(self, image: int | None = None, after: int = 0) -> list[journal.Line]:
        """Lines of the journal that were written after another, the oldest first.

        All, or those about an image or about the classes.
        """
        return journal.read_lines(self.base, image, after)

    def last_line(self, image: int, label: int) -> journal.Line | None:
        """The last line about a nucleus; None where it is as it was added."""
        return journal.last_line(self.base, image, label)

    def journal(self) -> pd.DataFrame:
        """Every correction, the oldest first."""
        return journal.journal_table(self.base)

    def reading(self) -> AbstractContextManager[None]:
        """While in it, everything that is read is of one moment."""
        return database.reading(self.base)

    def writing(self) -> AbstractContextManager[None]:
        """While in it, nobody else writes; what is written is all or nothing."""
        return database.transaction(self.base)

    def _ids_of(self, kinds: ClassScheme) -> list[int]:
        """The project's ids of a scheme's classes."""
        known = {one.name: one.id for one in active(self.classes)}
        strange = [name for name in kinds.classes if name not in known]
        if strange:
            raise NucleusError(
                f"Expected classes of the project ({', '.join(known)}), got {strange[0]!r}. Add it to the project, or "
                "rename it."
            )
        return [known[name] for name in kinds.classes]
