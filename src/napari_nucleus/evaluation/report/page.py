"""The page: findings put into the template."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_nucleus import __version__
from napari_nucleus.evaluation import text
from napari_nucleus.evaluation.cases import Cases
from napari_nucleus.evaluation.findings import Findings
from napari_nucleus.evaluation.report.figures import figures
from napari_nucleus.evaluation.report.pictures import EXTRA, FOUND, MISSED, picture
from napari_nucleus.evaluation.scoring import BY_CLASS, TITLES
from napari_nucleus.io.files import replacing

_HEADLINE = ("pq", "aji", "f_d", "mpq_plus")
_BY_TISSUE = ("pq", "aji", "mpq", "f_d")
_MOST_IMAGES = 500


def write_report(path: str | os.PathLike[str], findings: Findings, cases: Cases, *, worst: int = 6) -> None:
    """Write the findings as one HTML page that needs neither a network nor scripts.

    Parameters
    ----------
    path : path
    findings : Findings
    cases : Cases
        The images that were scored, for their pictures.
    worst : int
        How many of the images with the lowest PQ are shown.

    Raises
    ------
    NucleusError
        The file can't be written, or an image is no longer there.
    """
    page = render(findings, cases, worst)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def render(findings: Findings, cases: Cases, worst: int) -> str:
    """The page as text."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("napari_nucleus.evaluation", "report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    evaluation = findings.evaluation
    images = evaluation.images().sort_values("pq", kind="stable")
    prediction, other = findings.short_names
    classes = evaluation.scheme.classes if evaluation.has_classes else ()
    return environment.get_template("report.html").render(
        findings=findings,
        prediction=prediction,
        truth=Path(findings.truth).name,
        other=other,
        version=__version__,
        titles=TITLES,
        number=text.number,
        probability=text.probability,
        span=text.interval,
        answer=text.answer(findings),
        difference=text.difference(findings),
        headline=_scores(findings.rows(), _HEADLINE),
        overall=_scores(findings.rows(), TITLES),
        by_class={name: _scores(findings.rows(name), BY_CLASS) for name in classes},
        by_tissue={name: _scores(findings.rows(tissue=name), _BY_TISSUE) for name in findings.tissues},
        nuclei=_nuclei(findings),
        tissue_sizes=pd.Series(evaluation.tissues).value_counts().to_dict(),
        compared=_compared(findings),
        figures=figures(evaluation),
        pictures=[(row, picture(cases[i], cases.image(i))) for i, row in _worst(images, worst)],
        colors={"found": FOUND, "missed": MISSED, "extra": EXTRA},
        images=images.head(_MOST_IMAGES).to_dict("records"),
    )


def _scores(rows: pd.DataFrame, keys: Any) -> list[dict[str, Any]]:
    """Scores in an order, those that are there."""
    return [{"key": key, **rows.loc[key].to_dict()} for key in keys if key in rows.index]


def _compared(findings: Findings) -> dict[str, list[dict[Any, Any]]]:
    """Rows of the comparison by class, "" for all first."""
    if findings.comparison is None:
        return {}
    return {str(name): rows.to_dict("records") for name, rows in findings.comparison.groupby("class", sort=False)}


def _nuclei(findings: Findings) -> dict[str, tuple[int, int]]:
    """Annotated and predicted nuclei by class."""
    counts = findings.evaluation.tallies.confusion.sum(0)
    names = findings.evaluation.scheme.classes
    return {name: (int(counts[i].sum()), int(counts[:, i].sum())) for i, name in enumerate(names, 1)}


def _worst(images: pd.DataFrame, n: int) -> list[tuple[int, dict[str, Any]]]:
    """Position and scores of the images with the lowest PQ that have any error."""
    poor = images[np.isfinite(images["pq"]) & (images["fp"] + images["fn"] > 0)].head(n)
    return list(zip(map(int, poor.index), poor.to_dict("records"), strict=True))
