"""Whether annotators agree, and what they must be asked again about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.project.classes import numbers_of
from napari_nucleus.project.nuclei import ReviewState, Row, rows_from_json
from napari_nucleus.project.project import Project

ADJUDICATE = "adjudicate"
_SAYING = ("set class", "accept", "draw", "add", ADJUDICATE)


class Dispute(NamedTuple):
    """A nucleus that annotators don't agree about.

    Attributes
    ----------
    image, label : int
    said : dict
        Class number by annotator.
    """

    image: int
    label: int
    said: dict[str, int]


def opinions(project: Project) -> pd.DataFrame:
    """What each annotator last said each nucleus is: ``image``, ``label``, ``annotator``, ``number``, ``settled``.

    Who sets the class of a nucleus, or accepts it, says what it is; also where it came from another copy of the project
    and contradicts what was there. What was taken back wasn't said. ``settled``: it was decided afterwards.
    """
    lines = project.base.execute("SELECT id, undoes, annotator, image, action FROM journal ORDER BY id").fetchall()
    taken_back = _taken_back([(number, undoes) for number, undoes, *_ in lines])
    numbers = numbers_of(project.classes)
    said: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    settled: set[tuple[int, int]] = set()
    for line, _, annotator, image, action in lines:
        if action not in _SAYING or line in taken_back:
            continue
        for row in _rows_after(project, line):
            key = image, row.label
            if action == ADJUDICATE:
                settled.add(key)
            elif row.state == ReviewState.ACCEPTED:
                settled.discard(key)
                said[key][annotator] = numbers.get(row.kind, 0)
    rows = [
        (image, label, who, number, (image, label) in settled)
        for (image, label), words in said.items()
        for who, number in words.items()
    ]
    return pd.DataFrame(rows, columns=["image", "label", "annotator", "number", "settled"])


def disputes(project: Project) -> list[Dispute]:
    """Nuclei that annotators don't agree about, until somebody adjudicates; those that are gone are left out."""
    said = opinions(project)
    found = []
    for _, words in said[~said["settled"].astype(bool)].groupby(["image", "label"]):
        image, label = int(words["image"].iloc[0]), int(words["label"].iloc[0])
        if words["number"].nunique() > 1 and project.rows(image, [label]):
            found.append(Dispute(image, label, dict(zip(words["annotator"], words["number"], strict=True))))
    return found


def cohen_kappa(project: Project, first: str, second: str) -> tuple[float, int]:
    """Cohen's κ of two annotators, and over how many nuclei that both said something of."""
    return _cohen(opinions(project), first, second)


def fleiss_kappa(project: Project, annotators: Sequence[str] = ()) -> tuple[float, int]:
    """Fleiss' κ of annotators, of all by default, and over how many nuclei that each of them said something of."""
    said = opinions(project)
    ratings = _table(said, annotators or sorted(set(said["annotator"])))
    return kappa_of_many(ratings), len(ratings)


def agreement_table(project: Project) -> pd.DataFrame:
    """``first``, ``second``, ``nuclei`` and ``kappa`` of each two annotators who have nuclei in common."""
    said = opinions(project)
    names = sorted(set(said["annotator"]))
    pairs = [(a, b, *_cohen(said, a, b)) for i, a in enumerate(names) for b in names[i + 1 :]]
    return pd.DataFrame(
        [(a, b, count, kappa) for a, b, kappa, count in pairs if count], columns=["first", "second", "nuclei", "kappa"]
    )


def kappa_of_two(first: NDArray[np.integer], second: NDArray[np.integer]) -> float:
    """Cohen's κ (1960) of two raters' categories (N,).

    Agreement beyond chance, as a share of what there can be: 1 where all agree, 0 as by chance; nan where nothing was
    rated, or all by both as one and the same.

    Examples
    --------
    >>> kappa_of_two(np.array([1, 1, 2, 2]), np.array([1, 2, 2, 2]))
    0.5
    """
    kinds = np.union1d(first, second)
    shares = np.array([[(who == kind).mean() if len(who) else np.nan for kind in kinds] for who in (first, second)])
    chance = float((shares[0] * shares[1]).sum()) if len(first) else np.nan
    return float(((first == second).mean() - chance) / (1 - chance)) if chance < 1 else float("nan")


def kappa_of_many(ratings: NDArray[np.integer]) -> float:
    """Fleiss' κ (1971) of ratings (N, raters); nan where nothing was rated, by one alone, or all as the same.

    Examples
    --------
    >>> round(kappa_of_many(np.array([[1, 1, 1], [2, 2, 2], [1, 2, 2], [1, 1, 2]])), 4)
    0.3333
    """
    n, raters = ratings.shape
    if n == 0 or raters < 2:
        return float("nan")
    counts = np.stack([(ratings == kind).sum(1) for kind in np.unique(ratings)], 1)
    each = ((counts**2).sum(1) - raters) / (raters * (raters - 1))
    chance = float(((counts.sum(0) / counts.sum()) ** 2).sum())
    return float((each.mean() - chance) / (1 - chance)) if chance < 1 else float("nan")


def _rows_after(project: Project, line: int) -> tuple[Row, ...]:
    """What a line says of nuclei, without its pixels."""
    (text,) = project.base.execute("SELECT rows_after FROM journal WHERE id = ?", (line,)).fetchone()
    return rows_from_json(text)


def _cohen(said: pd.DataFrame, first: str, second: str) -> tuple[float, int]:
    ratings = _table(said, (first, second))
    return kappa_of_two(ratings[:, 0], ratings[:, 1]), len(ratings)


def _table(said: pd.DataFrame, annotators: Sequence[str]) -> NDArray[np.int64]:
    """Class numbers (N, annotators) of the nuclei that each of them said something of."""
    strange = [name for name in annotators if name not in set(said["annotator"])]
    if strange:
        raise NucleusError(
            f"Expected annotators who said what a nucleus is ({', '.join(sorted(set(said['annotator']))) or 'none'}), "
            f"got {strange[0]!r}. Choose one of those."
        )
    wide = said.pivot_table(index=["image", "label"], columns="annotator", values="number", aggfunc="last")
    return wide[list(annotators)].dropna().to_numpy(np.int64)


def _taken_back(lines: Sequence[tuple[int, int | None]]) -> set[int]:
    """Lines that a later one takes back, unless that one is taken back itself."""
    gone: set[int] = set()
    for number, undoes in reversed(lines):
        if undoes is not None and number not in gone:
            gone.add(undoes)
    return gone
