"""Teacher and student side by side, as tables 3 and 4 of Shvetsov et al. (2025): how good, how large, how quick."""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import NucleusMap, Progress
from napari_nucleus.evaluation import Case, Evaluation, evaluate
from napari_nucleus.evaluation.scoring import TITLES
from napari_nucleus.evaluation.text import columns, interval, number
from napari_nucleus.io.files import replacing
from napari_nucleus.training.distill.cost import SIDE, Cost, costs
from napari_nucleus.training.distill.ensemble import Ensemble

SCORES = ("pq", "mpq_plus", "r2", "f_d", "f_c")
"""What is compared of how well they do, overall and by class."""

_COSTS = {
    "parameters": "parameters",
    "disk_mb": "weights on disk, MB",
    "memory_mb": f"peak memory for {SIDE}×{SIDE} px, MB",
    "seconds": f"time for {SIDE}×{SIDE} px, s",
}


class ScoredImage(NamedTuple):
    """An image to score on: its pixels (H, W, 3) uint8, and what an annotator saw."""

    name: str
    image: NDArray
    truth: NucleusMap


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What was found.

    Attributes
    ----------
    table : pandas.DataFrame
        ``measure`` (of `Cost`, or a key of `evaluation.scoring.TITLES`), ``class`` ("" = all), ``teacher``,
        ``teacher_low``, ``teacher_high`` (95 % interval), the same of the student, and ``ratio``: teacher / student,
        nan where one isn't above 0.
    about : dict
        Who the teacher and the student are, where it was measured, and on which images.
    """

    table: pd.DataFrame
    about: dict[str, Any]

    def text(self) -> str:
        """The table for a terminal."""
        rows = [("", "teacher", "student", "teacher / student")]
        for row in _records(self.table):
            ratio = f"{row['ratio']:.2f}×" if math.isfinite(row["ratio"]) else "–"
            rows.append((_title(row), _cell(row, "teacher"), _cell(row, "student"), ratio))
        return columns(rows)

    def write(self, folder: Path) -> None:
        """Write ``comparison.json``, ``comparison.csv`` and ``comparison.txt``."""
        records = [
            {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
            for row in _records(self.table)
        ]
        texts = {
            "json": json.dumps({**self.about, "rows": records}, indent=2, ensure_ascii=False) + "\n",
            "csv": self.table.to_csv(index=False),
            "txt": self.text() + "\n",
        }
        for suffix, text in texts.items():
            with replacing(folder / f"comparison.{suffix}") as part:
                part.write_text(text, encoding="utf-8")


def compare_models(
    teacher: Ensemble,
    student: Ensemble,
    held_out: Sequence[ScoredImage],
    *,
    disk_bytes: tuple[int, int],
    about: dict[str, Any],
    bootstrap: int = 1000,
) -> Generator[Progress, None, Comparison]:
    """Measure both in this process, and score both on the same images; a `Progress` an image.

    Parameters
    ----------
    teacher, student : Ensemble
        On one device.
    held_out : sequence of ScoredImage
        Without any, only the costs are compared.
    disk_bytes : (int, int)
        Of the weights' files.
    about : dict
        What to tell beside the numbers.
    bootstrap : int
        Samples for the intervals.
    """
    total = 2 * len(held_out)
    yield Progress(0, total, "measuring teacher and student")
    measured = costs((teacher.predictor, student.predictor), disk_bytes)
    scored = []
    for i, ensemble in enumerate((teacher, student)):
        cases = []
        for n, item in enumerate(held_out):
            cases.append(_case(ensemble, item))
            yield Progress(i * len(held_out) + n + 1, total, f"scoring {item.name}")
        scored.append(_scores(evaluate(cases), bootstrap) if cases else {})
    rows = [_row(name, "", *(_alone(getattr(cost, name)) for cost in measured)) for name in _names()]
    for key in dict.fromkeys(k for found in reversed(scored) for k in found):
        rows.append(_row(*key, *(found.get(key, _alone(math.nan)) for found in scored)))
    table = pd.DataFrame(rows)
    return Comparison(table, {**about, "images": [item.name for item in held_out], "bootstrap": bootstrap})


def _names() -> list[str]:
    return [f.name for f in fields(Cost)]


Value = tuple[float, float, float]


def _alone(value: float) -> Value:
    """A number without an interval."""
    return value, math.nan, math.nan


def _row(measure: str, name: str, teacher: Value, student: Value) -> dict[str, Any]:
    sides = {
        f"{side}{end}": v
        for side, values in (("teacher", teacher), ("student", student))
        for end, v in zip(("", "_low", "_high"), values, strict=True)
    }
    both = teacher[0] > 0 and student[0] > 0
    return {"measure": measure, "class": name, **sides, "ratio": teacher[0] / student[0] if both else math.nan}


def _case(ensemble: Ensemble, item: ScoredImage) -> Case:
    """A prediction in the classes of the truth; both without classes where the models can't speak of them."""
    truth = item.truth
    prediction = ensemble.nuclei(item.image, truth.mpp, truth.scheme)
    if prediction.scheme.classes != truth.scheme.classes:
        truth, prediction = (NucleusMap.from_labels(n.labels, mpp=n.mpp) for n in (truth, prediction))
    return Case(item.name, truth, prediction)


def _scores(evaluation: Evaluation, bootstrap: int) -> dict[tuple[str, str], Value]:
    table = evaluation.table(bootstrap)
    kept = table[table["metric"].isin(SCORES) & (table["tissue"] == "")]
    return {
        (row["metric"], row["class"]): (row["value"], row["low"], row["high"])
        for row in _records(kept)
        if math.isfinite(row["value"])
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _title(row: dict[str, Any]) -> str:
    title = _COSTS.get(row["measure"]) or TITLES[row["measure"]]
    return f"{title}: {row['class']}" if row["class"] else title


def _cell(row: dict[str, Any], side: str) -> str:
    value = row[side]
    if row["measure"] in _COSTS:
        return f"{value:,.0f}" if row["measure"] == "parameters" else f"{value:,.2f}" if value < 10 else f"{value:,.1f}"
    return f"{number(value)} {interval(row[f'{side}_low'], row[f'{side}_high'])}".strip()
