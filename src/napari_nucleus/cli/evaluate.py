"""``napari-nucleus evaluate``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from napari_nucleus.cli.progress import follow


def evaluate(
    pred: Annotated[Path, typer.Argument(help="Predicted nuclei: a file, a folder or a fold of PanNuke.")],
    truth: Annotated[Path, typer.Argument(help="The annotated ones; images are matched by name.")],
    json: Annotated[Path | None, typer.Option(help="Write all scores, those of each image too.")] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write the scores as a table; those of each image to <stem>.images.csv.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a report with plots and the worst images.")] = None,
    compare: Annotated[Path | None, typer.Option(metavar="OTHER", help="A second prediction to compare.")] = None,
    bootstrap: Annotated[int, typer.Option(min=0, help="Samples for the 95 % intervals; 0 for none.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the samples.")] = 0,
    radius: Annotated[float, typer.Option(metavar="PX", help="Largest distance of paired centroids, for F.")] = 12.0,
    crop: Annotated[
        int | None, typer.Option(metavar="PX", min=1, help="R² counts in the central square of this size; CoNIC: 224.")
    ] = None,
    classes: Annotated[str | None, typer.Option(help="What class numbers mean: consep, pannuke, …")] = None,
    mpp: Annotated[float | None, typer.Option(help="Pixel size in µm; overrides the files'.")] = None,
    worst: Annotated[int, typer.Option(min=0, help="How many of the worst images the report shows.")] = 6,
) -> None:
    """Score predicted nuclei against annotated ones: overall, by class, by tissue, with 95 % intervals."""
    from napari_nucleus.evaluation.findings import write_json, write_tables
    from napari_nucleus.evaluation.run import findings_steps
    from napari_nucleus.evaluation.text import summary

    for place in (json, csv, html):
        _check_place(place)
    work = findings_steps(
        pred,
        truth,
        compare,
        bootstrap=bootstrap,
        seed=seed,
        radius_px=radius,
        crop_px=crop,
        classes=classes,
        mpp=mpp,
    )
    findings, cases = follow("evaluate", work)
    # Files first: they are whole even where nobody reads the screen to its end.
    if json is not None:
        write_json(json, findings)
    if csv is not None:
        write_tables(csv, findings)
    if html is not None:
        from napari_nucleus.evaluation.report import write_report

        write_report(html, findings, cases, worst=worst)
    for note in findings.notes:
        print(f"napari-nucleus: {note}", file=sys.stderr)
    print(summary(findings))


def _check_place(path: Path | None) -> None:
    """What can't be written fails before the work."""
    from napari_nucleus.core import NucleusError

    if path is None:
        return
    folder = path.resolve().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise NucleusError(f"Expected a file in a folder that can be written to, got {path}. Choose another place.")
