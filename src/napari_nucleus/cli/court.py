"""``napari-nucleus court``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def court(
    run: Annotated[Path, typer.Argument(help="The folder of a cross-relabelling run.")],
    data: Annotated[Path | None, typer.Option(help="Folder that holds both data sets, for --votes and --out.")] = None,
    votes: Annotated[bool, typer.Option("--votes", help="Ask student, text and graph about every cell.")] = False,
    student: Annotated[str, typer.Option(help="A model of the list; empty: no vote.")] = "default",
    text: Annotated[str, typer.Option(help="A CLIP; empty: no vote.")] = "nucleus_clip",
    graph: Annotated[str, typer.Option(help="A graph classifier; empty: no vote.")] = "default",
    export: Annotated[
        Path | None, typer.Option(help="Write the ledger with votes and verdicts: .csv, .parquet.")
    ] = None,
    diff: Annotated[Path | None, typer.Option(help="Write the cells whose class has changed: .csv, .parquet.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the refined data set as decided into this folder.")] = None,
) -> None:
    """Votes and verdicts on relabelled cells: collect, count, export, compare with the original, write the data set."""
    from napari_nucleus.app.review import Court
    from napari_nucleus.cli.progress import follow
    from napari_nucleus.core import NucleusError

    found = Court.open(run)
    if (votes or out is not None) and data is None:
        raise NucleusError("Expected the folder of both data sets, got none. Give it as --data.")
    if votes and data is not None:
        from napari_nucleus.app.review.ballots import collect_votes
        from napari_nucleus.app.review.voters import voters

        found = follow("court", collect_votes(run, data, voters(student, text, graph)))
    for path, changed in ((export, False), (diff, True)):
        if path is not None:
            found.export(path, only_changed=changed)
    if out is not None and data is not None:
        from napari_nucleus.app.review.ballots import write_reviewed

        follow("court", write_reviewed(run, data, out))
    print(found.summary().to_string(index=False))
