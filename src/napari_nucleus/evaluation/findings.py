"""What an evaluation found, with what it was found from: all that tables, files and the report tell."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from napari_nucleus import __version__
from napari_nucleus.core import SCHEMES
from napari_nucleus.evaluation.evaluation import Evaluation
from napari_nucleus.io.files import replacing


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Scores of a prediction.

    Attributes
    ----------
    prediction, truth : str
        What was scored against what.
    evaluation : Evaluation
    table : pandas.DataFrame
        `Evaluation.table`.
    settings : mapping
        What the scores depend on, by name.
    notes : tuple of str
        What a reader of the scores must know.
    other : str
        The prediction that was compared; empty where none was.
    comparison : pandas.DataFrame or None
        `compare` of the prediction (a) and the other one (b).
    """

    prediction: str
    truth: str
    evaluation: Evaluation
    table: pd.DataFrame
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    other: str = ""
    comparison: pd.DataFrame | None = None

    @property
    def short_names(self) -> tuple[str, str]:
        """The prediction and the other one by their last part, unless both are called the same."""
        names = Path(self.prediction).name, Path(self.other).name
        return names if names[0] != names[1] else (self.prediction, self.other)

    @property
    def classes(self) -> str:
        """What was told apart, in words."""
        kinds = self.evaluation.scheme
        if not self.evaluation.has_classes:
            return "nuclei whatever their class"
        return f"classes of {kinds.name}" if kinds.name in SCHEMES else f"classes {', '.join(kinds.classes)}"

    @property
    def tissues(self) -> list[str]:
        """Tissues that have rows of their own in the table."""
        return [tissue for tissue in self.table["tissue"].unique() if tissue]

    def rows(self, kind: str = "", tissue: str = "") -> pd.DataFrame:
        """Scores of a class and a tissue, "" for all: ``value``, ``low``, ``high`` by metric."""
        chosen = self.table[(self.table["class"] == kind) & (self.table["tissue"] == tissue)]
        return chosen.set_index("metric")[["value", "low", "high"]]


def write_json(path: str | os.PathLike[str], findings: Findings) -> None:
    """Write all there is as JSON; what has no value is null.

    Raises
    ------
    NucleusError
        The file can't be written.
    """
    text = json.dumps(as_record(findings), indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def write_tables(path: str | os.PathLike[str], findings: Findings) -> Path:
    """Write the scores as CSV, and those of each image beside it as ``<stem>.images.csv``, whose path is returned.

    Raises
    ------
    NucleusError
        A file can't be written.
    """
    beside = Path(path).with_suffix(".images.csv")
    for place, table in ((Path(path), findings.table), (beside, findings.evaluation.images())):
        with replacing(place) as temporary:
            table.to_csv(temporary, index=False, encoding="utf-8", lineterminator="\n")
    return beside


def as_record(findings: Findings) -> dict[str, Any]:
    """All there is, as what JSON can hold: scores as ``{"value", "low", "high"}`` by metric."""
    evaluation, classes = findings.evaluation, findings.evaluation.scheme.classes
    classes = classes if evaluation.has_classes else ()
    confusion = evaluation.class_confusion()
    record = {
        "version": __version__,
        "prediction": findings.prediction,
        "truth": findings.truth,
        "settings": dict(findings.settings),
        "notes": list(findings.notes),
        "scheme": evaluation.scheme.name,
        "overall": _scores(findings.rows()),
        "classes": {name: _scores(findings.rows(name)) for name in classes},
        "tissues": {
            tissue: {
                "overall": _scores(findings.rows(tissue=tissue)),
                "classes": {name: _scores(findings.rows(name, tissue)) for name in classes},
            }
            for tissue in findings.tissues
        },
        "images": evaluation.images().to_dict("records"),
        "confusion": {
            "rows": list(confusion.index),
            "columns": list(confusion.columns),
            "counts": confusion.to_numpy().tolist(),
        },
    }
    if findings.comparison is not None:
        record["comparison"] = {"other": findings.other, "scores": findings.comparison.to_dict("records")}
    cleaned: dict[str, Any] = _plain(record)
    return cleaned


def _scores(rows: pd.DataFrame) -> dict[str, Any]:
    return {str(metric): values.to_dict() for metric, values in rows.iterrows()}


def _plain(value: Any) -> Any:
    """The same without numpy's numbers, and with None for nan."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
