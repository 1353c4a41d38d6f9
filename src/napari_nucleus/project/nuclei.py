"""What a project knows of each nucleus."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, NucleusMap


class Provenance(StrEnum):
    """Who has said what a nucleus is."""

    MODEL = "model"
    RELABEL = "relabel"
    HUMAN = "human"


class ReviewState(StrEnum):
    """What a person has said of it."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FLAGGED = "flagged"


class Row(NamedTuple):
    """A nucleus of an image.

    Attributes
    ----------
    label : int
    y, x : float
        Centroid, in pixels.
    area : int
        In pixels.
    kind : int
        Id of its class in the project; 0 is unknown.
    source : str
        A `Provenance`.
    state : str
        A `ReviewState`.
    comment : str
    probabilities : tuple of float or None
        Of the classes with the ids 1, 2, …; of later ones nothing is known.
    features : tuple of float or None, or None
        What else came with it, such as its entropy, in the order of the image's `ImageEntry.features`.
    """

    label: int
    y: float
    x: float
    area: int
    kind: int
    source: str = Provenance.MODEL
    state: str = ReviewState.PROPOSED
    comment: str = ""
    probabilities: tuple[float, ...] | None = None
    features: tuple[float | None, ...] | None = None


_COLUMNS = "label, y, x, area, class, source, state, comment, probabilities, features"
_KNOWN = {"label", "y_px", "x_px", "y_um", "x_um", "class", "area_um2", "source", "state", "comment"}


def feature_names(nuclei: NucleusMap) -> list[str]:
    """Columns of numbers that a project keeps without knowing what they are."""
    known = _KNOWN | {f"p_{name}" for name in nuclei.scheme.classes}
    return [str(name) for name in nuclei.table.select_dtypes("number").columns if name not in known]


def rows_of(nuclei: NucleusMap, ids: Sequence[int], source: str) -> list[Row]:
    """The rows of a map's nuclei; ``ids`` are those of the scheme's classes."""
    table = nuclei.table
    kinds = np.array([0, *ids])[nuclei.class_numbers]
    areas = np.rint(table["area_um2"].to_numpy() / nuclei.mpp**2).astype(int)
    columns = (table["label"].tolist(), table["y_px"].tolist(), table["x_px"].tolist(), areas.tolist(), kinds.tolist())
    chances, features = _chances(nuclei, ids), _tuples(table[feature_names(nuclei)].to_numpy(np.float64))
    return [
        Row(label, y, x, area, kind, source, probabilities=known, features=more)
        for label, y, x, area, kind, known, more in zip(*columns, chances, features, strict=True)
    ]


def table_of(
    rows: Sequence[Row], numbers: Mapping[int, int], scheme: ClassScheme, mpp: float, features: Sequence[str] = ()
) -> pd.DataFrame:
    """Rows as the table of a `NucleusMap`, with features, ``source``, ``state`` and ``comment``.

    ``numbers`` are those of the classes in the scheme, by id.
    """
    y, x = np.array([row.y for row in rows]), np.array([row.x for row in rows])
    kinds = [scheme.name_of(numbers.get(row.kind, 0)) for row in rows]
    columns: dict[str, object] = {
        "label": np.array([row.label for row in rows], np.int32),
        "y_px": y,
        "x_px": x,
        "y_um": y * mpp,
        "x_um": x * mpp,
        "class": pd.Series(kinds, dtype=str),
    }
    if any(row.probabilities is not None for row in rows):
        for name, chance in zip(scheme.classes, chances_of(rows, numbers, len(scheme)).T, strict=True):
            columns[f"p_{name}"] = chance
    columns["area_um2"] = np.array([row.area for row in rows]) * mpp**2
    for name, values in zip(features, features_of(rows, len(features)).T, strict=True):
        columns[name] = values
    for name in ("source", "state", "comment"):
        columns[name] = pd.Series([getattr(row, name) for row in rows], dtype=str)
    return pd.DataFrame(columns)


def chances_of(rows: Sequence[Row], numbers: Mapping[int, int], n_classes: int) -> NDArray[np.float64]:
    """Class probabilities (N, C) by number; those of merged classes are added up; nan where nothing is known."""
    chances = np.full((len(rows), n_classes), np.nan)
    known = [i for i, row in enumerate(rows) if row.probabilities is not None]
    by_id = np.array(list(zip_longest(*(rows[i].probabilities or () for i in known), fillvalue=0.0)))
    chances[known] = 0
    for i, values in enumerate(by_id, 1):
        if i in numbers:  # else the class was taken back
            chances[known, numbers[i] - 1] += values
    return chances


def features_of(rows: Sequence[Row], n_features: int) -> NDArray[np.float64]:
    """Features (N, F); nan where nothing is known."""
    none = (None,) * n_features
    return np.array([row.features or none for row in rows], np.float64).reshape(len(rows), n_features)


def read_rows(base: sqlite3.Connection, image: int, labels: Iterable[int] | None = None) -> list[Row]:
    """Rows of an image's nuclei in the order of their labels: all, or those of some labels that exist."""
    if labels is None:
        found = base.execute(f"SELECT {_COLUMNS} FROM nucleus WHERE image = ? ORDER BY label", (image,))
        return [_row(values) for values in found]
    rows = []
    for label in labels:
        values = base.execute(
            f"SELECT {_COLUMNS} FROM nucleus WHERE image = ? AND label = ?", (image, int(label))
        ).fetchone()
        if values is not None:
            rows.append(_row(values))
    return rows


def write_rows(base: sqlite3.Connection, image: int, rows: Iterable[Row]) -> None:
    """Add nuclei, or replace those of the same labels."""
    base.executemany(
        f"INSERT OR REPLACE INTO nucleus (image, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((image, *row[:-2], _packed(row.probabilities, "<f4"), _packed(row.features, "<f8")) for row in rows),
    )


def delete_rows(base: sqlite3.Connection, image: int, labels: Iterable[int]) -> None:
    """Forget nuclei."""
    base.executemany("DELETE FROM nucleus WHERE image = ? AND label = ?", ((image, label) for label in labels))


def rows_to_json(rows: Sequence[Row]) -> str:
    """Rows as text that a person can read."""
    return json.dumps([row._asdict() for row in rows], ensure_ascii=False)


def rows_from_json(text: str) -> tuple[Row, ...]:
    """What `rows_to_json` wrote."""
    return tuple(
        row._replace(probabilities=_tuple(row.probabilities), features=_tuple(row.features))
        for row in (Row(**values) for values in json.loads(text))
    )


def _tuple(values: Iterable | None) -> tuple | None:
    return None if values is None else tuple(values)


def _packed(values: tuple[float | None, ...] | None, kind: str) -> bytes | None:
    return None if values is None else np.array(values, np.float64).astype(kind).tobytes()


def _row(values: tuple) -> Row:
    *plain, chances, features = values
    known = None if chances is None else tuple(np.frombuffer(chances, "<f4").tolist())
    more = None if features is None else _tuples(np.frombuffer(features, "<f8")[None])[0]
    return Row._make((*plain, known, more))


def _chances(nuclei: NucleusMap, ids: Sequence[int]) -> list[tuple[float, ...] | None]:
    """Probabilities by id of the class; None where they aren't all known."""
    names = [f"p_{name}" for name in nuclei.scheme.classes]
    if not set(names) <= set(nuclei.table):
        return [None] * len(nuclei)
    by_id = np.zeros((len(nuclei), max(ids)), np.float32)
    by_id[:, np.array(ids) - 1] = nuclei.table[names].to_numpy(np.float32)
    known = np.logical_and.reduce(np.isfinite(by_id), axis=1)
    return [tuple(values) if there else None for values, there in zip(by_id.tolist(), known.tolist(), strict=True)]


def _tuples(values: NDArray[np.float64]) -> list[tuple[float | None, ...] | None]:
    """Rows of numbers, None for nan, which isn't equal to itself; None where there are no numbers at all."""
    if not values.shape[1]:
        return [None] * len(values)
    return [tuple(None if value != value else value for value in row) for row in values.tolist()]
