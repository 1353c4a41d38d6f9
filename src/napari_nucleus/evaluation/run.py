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
    comparison = None
    if other is None:
        scored = yield from _score(cases, options)
    else:
        others = open_cases(other, truth, classes=classes, mpp=mpp)
        cases, others, left_out = _shared(cases, others)
        if left_out:
            notes.append(f"{left_out} images are left out, as only one of the predictions has them.")
        scored = yield from _score(cases, options)
        first, cases_alike = scored, cases.scheme.classes == others.scheme.classes
        if not cases_alike:
            notes.append("The predictions have different classes: they are compared whatever the class.")
            first = yield from _score(cases.without_classes(), options)
        second = yield from _score(others if cases_alike else others.without_classes(), options)
        comparison = compare(first, second, bootstrap, seed)
    settings = {
        "bootstrap": bootstrap,
        "seed": seed,
        **options,
        "classes": str(classes) if classes else None,
        "mpp": mpp,
    }
    table = scored.table(bootstrap, seed)
    notes += _about_intervals(len(cases)) if bootstrap else []
    return Findings(
        str(prediction), str(truth), scored, table, settings, tuple(notes), str(other or ""), comparison
    ), cases


def _score(cases: Cases, options: dict) -> Generator[Progress, None, Evaluation]:
    return evaluate_steps(cases, total=len(cases), **options)


def _shared(cases: Cases, others: Cases) -> tuple[Cases, Cases, int]:
    both = set(cases.names) & set(others.names)
    if not both:
        raise NucleusError("Expected predictions of the same images to compare, got none that both have. Rename them.")
    return cases.only(both), others.only(both), len(set(cases.names) ^ set(others.names))


def _about_intervals(images: int) -> list[str]:
    if images == 1:
        return ["Intervals are drawn from the tiles of the only image: they say nothing of other images."]
    return [f"{images} images are few: take the intervals as rough."] if images < _FEW else []
