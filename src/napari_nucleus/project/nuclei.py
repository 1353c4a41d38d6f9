"""What a project knows of each nucleus."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

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
        Of the classes, in the order of the project's when it was written.
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


_COLUMNS = "label, y, x, area, class, source, state, comment, probabilities"


def rows_of(nuclei: NucleusMap, ids: Sequence[int], source: str) -> list[Row]:
    """The rows of a map's nuclei; ``ids`` are those of the scheme's classes."""
    table = nuclei.table
    kinds = np.array([0, *ids])[nuclei.class_numbers]
    areas = np.rint(table["area_um2"].to_numpy() / nuclei.mpp**2).astype(int)
    chances = [f"p_{name}" for name in nuclei.scheme.classes]
    known = table[chances].to_numpy(np.float32) if set(chances) <= set(table) else None
    return [
        Row(label, y, x, area, kind, source, probabilities=None if known is None else tuple(known[i].tolist()))
        for i, (label, y, x, area, kind) in enumerate(
            zip(
                table["label"].tolist(),
                table["y_px"].tolist(),
                table["x_px"].tolist(),
                areas.tolist(),
                kinds.tolist(),
                strict=True,
            )
        )
    ]


def table_of(rows: Sequence[Row], ids: Sequence[int], scheme: ClassScheme, mpp: float) -> pd.DataFrame:
    """Rows as the table of a `NucleusMap`, with ``source``, ``state`` and ``comment``."""
    names = {0: "unknown", **dict(zip(ids, scheme.classes, strict=True))}
    y, x = np.array([row.y for row in rows]), np.array([row.x for row in rows])
    table = pd.DataFrame(
        {
            "label": np.array([row.label for row in rows], np.int32),
            "y_px": y,
            "x_px": x,
            "y_um": y * mpp,
            "x_um": x * mpp,
            "class": pd.Series([names.get(row.kind, "unknown") for row in rows], dtype=str),
        }
    )
    if rows and all(row.probabilities is not None and len(row.probabilities) == len(ids) for row in rows):
        chances = np.array([row.probabilities for row in rows])
        for i, name in enumerate(scheme.classes):
            table[f"p_{name}"] = chances[:, i]
    table["area_um2"] = np.array([row.area for row in rows]) * mpp**2
    for name in ("source", "state", "comment"):
        table[name] = pd.Series([getattr(row, name) for row in rows], dtype=str)
    return table


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
        f"INSERT OR REPLACE INTO nucleus (image, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((image, *row[:-1], _packed(row.probabilities)) for row in rows),
    )


def delete_rows(base: sqlite3.Connection, image: int, labels: Iterable[int]) -> None:
    """Forget nuclei."""
    base.executemany("DELETE FROM nucleus WHERE image = ? AND label = ?", ((image, label) for label in labels))


def rows_to_json(rows: Sequence[Row]) -> str:
    """Rows as text that a person can read."""
    return json.dumps([row._asdict() for row in rows], ensure_ascii=False)


def rows_from_json(text: str) -> tuple[Row, ...]:
    """What `rows_to_json` wrote."""
    rows = (Row(**values) for values in json.loads(text))
    return tuple(
        row._replace(probabilities=None if row.probabilities is None else tuple(row.probabilities)) for row in rows
    )


def _packed(probabilities: tuple[float, ...] | None) -> bytes | None:
    return None if probabilities is None else np.asarray(probabilities, "<f4").tobytes()


def _row(values: tuple) -> Row:
    *plain, content = values
    row = Row(*plain)
    return row if content is None else row._replace(probabilities=tuple(np.frombuffer(content, "<f4").tolist()))
