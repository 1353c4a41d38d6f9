"""Who has said what, and how much: counts for the panel and for a warning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from napari_nucleus.app.correct import Workbench
from napari_nucleus.core import ClassScheme
from napari_nucleus.project import Provenance, ReviewState

RARE = 0.02
"""A class with a smaller share of all nuclei is told of."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which nuclei, by what is known of where they come from; empty is any.

    Attributes
    ----------
    source : str
        A `Provenance`.
    state : str
        A `ReviewState`.
    number : int
        Of the class; -1 is any, 0 unknown.
    """

    source: str = ""
    state: str = ""
    number: int = -1


def matching(bench: Workbench, wanted: Wanted) -> list[int]:
    """Labels of the nuclei that are wanted."""
    columns = bench.rows.columns
    chosen = np.ones(len(columns), bool)
    if wanted.source:
        chosen &= columns["source"] == wanted.source
    if wanted.state:
        chosen &= columns["state"] == wanted.state
    if wanted.number >= 0:
        chosen &= columns["number"] == wanted.number
    return [int(label) for label in columns["label"][chosen]]


def nuclei_by_class(bench: Workbench) -> dict[str, int]:
    """How many nuclei each class has, ``unknown`` last."""
    names = bench.project.scheme.classes
    unknown, *numbers = np.bincount(bench.rows.columns["number"], minlength=1 + len(names)).tolist()
    return {**dict(zip(names, numbers, strict=True)), "unknown": unknown}


def class_counts(bench: Workbench) -> pd.DataFrame:
    """Nuclei by class: a row a class, ``unknown`` last; columns ``nuclei`` and each `Provenance`, then ``accepted``."""
    columns = bench.rows.columns
    names = [*bench.project.scheme.classes, "unknown"]
    rows = columns["number"][:, None] == np.array([*range(1, len(names)), 0])
    table = {"nuclei": rows.sum(0)}
    table |= {str(source): (rows & (columns["source"] == source)[:, None]).sum(0) for source in Provenance}
    table["accepted"] = (rows & (columns["state"] == ReviewState.ACCEPTED)[:, None]).sum(0)
    return pd.DataFrame(table, index=names)


def work_done(journal: pd.DataFrame) -> pd.DataFrame:
    """Corrections by annotator: ``corrections``, ``hours`` in which there were any, and how many ``per_hour``.

    Parameters
    ----------
    journal : DataFrame
        Of `Project.journal`.
    """
    if journal.empty:
        return pd.DataFrame(columns=["corrections", "hours", "per_hour"])
    hour = journal["time"].str.slice(0, 13)
    by = hour.groupby(journal["annotator"])
    table = pd.DataFrame({"corrections": by.size(), "hours": by.nunique()})
    return table.assign(per_hour=table["corrections"] / table["hours"])


def imbalance(counts: pd.DataFrame, scheme: ClassScheme) -> str:
    """A warning where a class is rare or missing; empty where none is."""
    numbers = counts["nuclei"].reindex(list(scheme.classes)).fillna(0).astype(int).tolist()
    total = sum(numbers)
    rare = [(name, n) for name, n in zip(scheme.classes, numbers, strict=True) if total and n / total < RARE]
    if not rare:
        return ""
    told = ", ".join(f"{name} ({n:,})" for name, n in rare)
    return f"Rare: {told} of {total:,} nuclei. A classifier hardly learns a class that it hardly sees."
