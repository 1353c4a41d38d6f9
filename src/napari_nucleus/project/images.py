"""The images of a project."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.project.chunks import write_box
from napari_nucleus.project.nuclei import feature_names, rows_of, write_rows

_LARGEST = 2**31 - 1


class ImageEntry(NamedTuple):
    """An image of a project: its id and name, where its file is, its size in pixels and its pixel size in µm.

    ``features`` are the names of what is known of its nuclei beyond the rest.
    """

    id: int
    name: str
    path: Path
    shape: tuple[int, int]
    mpp: float
    features: tuple[str, ...] = ()


_COLUMNS = "id, name, path, height, width, mpp, features"


def read_images(base: sqlite3.Connection, folder: Path) -> list[ImageEntry]:
    """The images, in the order in which they were added."""
    return [_entry(row, folder) for row in base.execute(f"SELECT {_COLUMNS} FROM image ORDER BY id")]


def read_image_entry(base: sqlite3.Connection, folder: Path, number: int) -> ImageEntry:
    """An image.

    Raises
    ------
    NucleusError
        There is none of that number.
    """
    row = base.execute(f"SELECT {_COLUMNS} FROM image WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise NucleusError(f"Expected an image of the project, got number {number}, which it hasn't. Add it first.")
    return _entry(row, folder)


def add_image(
    base: sqlite3.Connection, name: str, path: Path, nuclei: NucleusMap, class_ids: Sequence[int], source: str
) -> int:
    """Add an image with its nuclei; in a transaction. Returns its number.

    Raises
    ------
    NucleusError
        An image of that name is there.
    """
    if base.execute("SELECT 1 FROM image WHERE name = ?", (name,)).fetchone():
        raise NucleusError(f"Expected a new image, got {name!r}, which is in the project. Give it another name.")
    entry = ImageEntry(0, name, path, nuclei.labels.shape, nuclei.mpp, tuple(feature_names(nuclei)))
    number = insert_image(base, entry, 1 + int(nuclei.labels.max(initial=0)))
    write_box(base, number, (0, 0, *nuclei.labels.shape), nuclei.labels)
    write_rows(base, number, rows_of(nuclei, class_ids, source))
    return number


def insert_image(base: sqlite3.Connection, entry: ImageEntry, following: int) -> int:
    """An image without nuclei yet, and the first label that is free; in a transaction. Returns its number."""
    cursor = base.execute(
        "INSERT INTO image (name, path, height, width, mpp, features, next_label) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (entry.name, entry.path.as_posix(), *entry.shape, entry.mpp, json.dumps(entry.features), following),
    )
    number = cursor.lastrowid
    assert number is not None
    return number


def next_label(base: sqlite3.Connection, image: int) -> int:
    """The first label of an image that no nucleus ever had."""
    return int(base.execute("SELECT next_label FROM image WHERE id = ?", (image,)).fetchone()[0])


def take_labels(base: sqlite3.Connection, image: int, count: int) -> range:
    """Labels that no nucleus of the image ever had, and that nobody else is given; in a transaction.

    Raises
    ------
    NucleusError
        There are no more.
    """
    first = next_label(base, image)
    if first + count > _LARGEST:
        raise NucleusError(f"Expected labels up to {_LARGEST}, got no free one. Renumber them first.")
    base.execute("UPDATE image SET next_label = ? WHERE id = ?", (first + count, image))
    return range(first, first + count)


def stored_path(path: Path, folder: Path) -> Path:
    """Relative where the image lies in the project's folder, so that both can be moved together."""
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _entry(row: tuple, folder: Path) -> ImageEntry:
    number, name, path, height, width, mpp, features = row
    return ImageEntry(number, name, folder / path, (height, width), mpp, tuple(json.loads(features)))
