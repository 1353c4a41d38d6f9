"""The whole way from paths to findings."""

from __future__ import annotations

import os
from collections.abc import Generator

import numpy as np

from napari_nucleus.core import ClassScheme, NucleusError, Progress
from napari_nucleus.evaluation.cases import Cases, open_cases
from napari_nucleus.evaluation.compare import compare
from napari_nucleus.evaluation.evaluation import Evaluation, evaluate_steps
from napari_nucleus.evaluation.findings import Findings

_FEW = 10
Path = str | os.PathLike[str]


def findings_steps(
    prediction: Path,
    truth: Path,
    other: Path | None = None,
    *,
    bootstrap: int = 1000,
    seed: int = 0,
    radius_px: float = 12.0,
    crop_px: int | None = None,
    classes: str | ClassScheme | None = None,
    mpp: float | None = None,
) -> Generator[Progress, None, tuple[Findings, Cases]]:
    """Score a prediction, and compare it with another one on the images that both have; a `Progress` an image.

    Parameters
    ----------
    prediction, truth, other : path
        As `open_cases` takes them.
    bootstrap, seed : int
        Samples for the intervals, 0 for none.
    radius_px, crop_px
        As `evaluate` takes them.
    classes, mpp
        As `open_cases` takes them.

    Returns
    -------
    Findings
    Cases
        The images, to look at them again.

    Raises
    ------
    NucleusError
        A file is missing or broken, or truth and predictions don't fit together.
    """
    if not (np.isfinite(radius_px) and radius_px > 0):
        raise NucleusError(f"Expected a radius above 0 px, got {radius_px}. 12 is usual at 40×.")
    cases = open_cases(prediction, truth, classes=classes, mpp=mpp)
    notes = list(cases.notes)
    options = {"radius_px": radius_px, "crop_px": crop_px}
    others = None
    if other is not None:
        others = open_cases(other, truth, classes=classes, mpp=mpp)
        notes += [f"{other}: {note}" for note in others.notes if note not in notes]
        cases, others = _shared(cases, others)
    scored = yield from _score(cases, options)
    comparison = None
    if others is not None:
        first, second, told = yield from _alike(scored, cases, others, options)
        comparison = compare(first, second, bootstrap, seed)
        notes += told
    notes += _about_intervals(scored) if bootstrap else []
    settings = {"bootstrap": bootstrap, "seed": seed, **options, "classes": str(classes) if classes else None}
    return Findings(
        str(prediction),
        str(truth),
        scored,
        scored.table(bootstrap, seed),
        settings | {"mpp": mpp},
        tuple(notes),
        str(other or ""),
        comparison,
    ), cases


def _score(cases: Cases, options: dict) -> Generator[Progress, None, Evaluation]:
    return evaluate_steps(cases, total=len(cases), **options)


def _alike(
    scored: Evaluation, cases: Cases, others: Cases, options: dict
) -> Generator[Progress, None, tuple[Evaluation, Evaluation, list[str]]]:
    """Evaluations of both predictions in the same classes, and what must be told of them."""
    if cases.scheme.classes == others.scheme.classes:
        second = yield from _score(others, options)
        return scored, second, []
    first = yield from _score(cases.without_classes(), options)
    second = yield from _score(others.without_classes(), options)
    return first, second, ["The predictions have different classes: they are compared whatever the class."]


def _shared(cases: Cases, others: Cases) -> tuple[Cases, Cases]:
    both = set(cases.names) & set(others.names)
    if not both:
        raise NucleusError("Expected predictions of the same images to compare, got none that both have. Rename them.")
    return cases.only(both), others.only(both)


def _about_intervals(scored: Evaluation) -> list[str]:
    images = len(scored.names)
    if images == 1 and len(scored.tiles) == 1:
        return ["The only image is too small for intervals."]
    if images == 1:
        return ["Intervals are drawn from the tiles of the only image: they say nothing of other images."]
    return [f"{images} images are few: take the intervals as rough."] if images < _FEW else []
