"""What a finished job has to show beside its model: a comparison, or how well cells were told apart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_nucleus.core import ClassScheme, own_scheme


@dataclass(frozen=True, slots=True, eq=False)
class CellClassifierResult:
    """How well the classifier of one source tells its fine classes apart, on cells that it didn't see.

    Attributes
    ----------
    source : str
    confusion : DataFrame
        Cells by true class (rows) and class found (columns).
    accuracy : DataFrame
        ``class``, ``cells``, ``accuracy``, ``low``, ``high``.
    scheme : ClassScheme
    """

    source: str
    confusion: pd.DataFrame
    accuracy: pd.DataFrame
    scheme: ClassScheme


@dataclass(frozen=True, slots=True, eq=False)
class RelabelResult:
    """What a cross-relabelling has given.

    Attributes
    ----------
    classifiers : tuple of CellClassifierResult
    relabelled, kept : int
        Nuclei with a new class, and those that wait for review.
    run : Path
        Its folder, with the ledger that the court reads.
    review : DataFrame
        The nuclei that were kept, most doubtful first.
    """

    classifiers: tuple[CellClassifierResult, ...]
    relabelled: int
    kept: int
    run: Path
    review: pd.DataFrame


def distil_table(run: Path) -> pd.DataFrame | None:
    """``measure``, ``class``, ``teacher``, ``student``, ``ratio``; None where the run has no comparison yet."""
    try:
        rows = json.loads((run / "comparison.json").read_text(encoding="utf-8"))["rows"]
        return pd.DataFrame(rows)[["measure", "class", "teacher", "student", "ratio"]]
    except (OSError, ValueError, KeyError):
        return None


def relabel_result(run: Path) -> RelabelResult | None:
    """What is in a run's folder; None where it isn't done."""
    try:
        decisions = pd.read_csv(run / "ledger.csv", usecols=["decision"])["decision"].value_counts()
        review = pd.read_csv(run / "review.csv")
        classifiers = tuple(_classifier(path.parent) for path in sorted(run.glob("*/confusion.csv")))
    except (OSError, ValueError, KeyError):
        return None
    relabelled, kept = int(decisions.get("relabelled", 0)), int(decisions.get("kept", 0))
    return RelabelResult(classifiers, relabelled, kept, run, review)


def _classifier(folder: Path) -> CellClassifierResult:
    """Of the test part, as its classes occur."""
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in ("confusion", "accuracy")}
    chosen = {name: table[table["selection"] == "as they occur"] for name, table in tables.items()}
    matrix = chosen["confusion"].drop(columns="selection").set_index("true")
    accuracy = chosen["accuracy"][["class", "cells", "accuracy", "low", "high"]].reset_index(drop=True)
    return CellClassifierResult(folder.name, matrix, accuracy, own_scheme(folder.name, list(matrix.index)))
